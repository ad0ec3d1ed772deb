/** One atom of a condition of DynamoDB, or a place that code fills in with a whole condition. */
export interface Atom {
  readonly text: string;
  /** Where it begins in the condition. */
  readonly at: number;
  /** True where it stands among alternatives (`OR`), false where all must hold. */
  readonly isAlternative: boolean;
}

const TOKEN =
  /(?<atom>attribute_(?:not_)?exists\(#?\w+\)|(?:NOT )?contains\(\w+, :\w+\)|(?:#?\w+|size\(\w+\)) (?:=|<>|<=?|>=?) :\w+|\$\{[\w.]+\})|(?<open>\()|(?<close>\))| (?<word>AND|OR) /gy;
/** What only a condition has. */
const SIGNS = /\battribute_(not_)?exists\(|(=|<>|<|>) :\w| (AND|OR) \$\{/;

/**
 * The atoms of a condition as it is written in a literal; `undefined` where the text has nothing of a condition. Throws for one that
 * has, and cannot be read: it would be left out silently.
 */
export function atomsOf(text: string): readonly Atom[] | undefined {
  if (!SIGNS.test(text)) return undefined;
  const atoms: (Omit<Atom, 'isAlternative'> & { readonly group: Group })[] = [];
  const groups: Group[] = [{ words: new Set() }];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const group = groups.at(-1);
    const token = TOKEN.exec(text)?.groups;
    if (!token || !group) throw new Error(`this condition cannot be read from its character ${at} on: ${text}`);
    if (token['atom'] !== undefined) atoms.push({ text: token['atom'], at, group });
    if (token['open'] !== undefined) groups.push({ words: new Set() });
    if (token['close'] !== undefined) groups.pop();
    if (token['word'] !== undefined) group.words.add(token['word']);
    if (group.words.size > 1) throw new Error(`this condition needs parentheses to be read: ${text}`);
  }
  return atoms.map(({ text, at, group }) => ({ text, at, isAlternative: group.words.has('OR') }));
}

interface Group {
  readonly words: Set<string>;
}

/**
 * An atom without effect, with its placeholders still in use, because DynamoDB refuses values that no expression uses: always true
 * among atoms that must all hold, never true among alternatives.
 */
export const withoutEffect = ({ text, isAlternative }: Pick<Atom, 'text' | 'isAlternative'>): string =>
  isAlternative ? `(${text} AND attribute_exists(neverThere))` : `(${text} OR attribute_not_exists(neverThere))`;

/** A condition once for each of its atoms, with that one removed. */
export function withoutEach(condition: string): readonly { readonly atom: string; readonly weakened: string }[] {
  return (atomsOf(condition) ?? []).map((atom) => ({
    atom: atom.text,
    weakened: condition.slice(0, atom.at) + withoutEffect(atom) + condition.slice(atom.at + atom.text.length),
  }));
}
