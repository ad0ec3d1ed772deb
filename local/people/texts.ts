import { gunzipSync, inflateSync } from 'node:zlib';

/** One of the texts, counted from 1, that was found in a value: the way to it, and what stands around it, where the text is `[<number>]`. */
export type Found = Readonly<Record<'path' | 'around', string>> & { readonly text: number };

type Sought = readonly { readonly number: number; readonly text: string }[];

const aroundLength = 12;
/** Nobody keeps a text in more encodings than these. */
const decodingsMax = 6;

/** Letters of either case count as the same, and so do the several ways in which Unicode writes one character. */
const folded = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Finds texts in a value of any shape and depth, also as JSON in a text, in base64, compressed or escaped; once in all forms of one value. */
export function finderOf(texts: readonly string[]): (value: unknown) => Found[] {
  const all = texts.map((text, index) => ({ number: index + 1, text: folded(text) }));
  return (root) => {
    const found: Found[] = [];
    const open: [value: unknown, path: string, sought: Sought, left: number][] = [[root, '', all, decodingsMax]];
    for (let next = open.pop(); next; next = open.pop()) {
      const [given, path, sought, left] = next;
      const value = given instanceof Uint8Array ? textOf(given) : given;
      if (value !== null && typeof value === 'object') {
        for (const [key, inner] of Object.entries(value instanceof Set ? [...value] : value))
          open.push([key, `${path}.${key}(name)`, sought, left], [inner, `${path}.${key}`, sought, left]);
        continue;
      }
      const missing = missingIn(String(value), path, sought, found);
      if (left === 0 || missing.length === 0) continue;
      for (const [how, inner] of decoded(String(value))) open.push([inner, `${path}(${how})`, missing, left - 1]);
    }
    return found;
  };
}

/** Notes which of the texts are in this one, and answers the others. */
function missingIn(text: string, path: string, sought: Sought, found: Found[]): Sought {
  const plain = folded(text);
  return sought.filter(({ number, text: one }) => {
    const at = plain.indexOf(one);
    const [from, end] = [Math.max(0, at - aroundLength), at + one.length];
    const around = `${plain.slice(from, at)}[${number}]${plain.slice(end, end + aroundLength)}`;
    if (at >= 0) found.push({ text: number, path: path.slice(1), around });
    return at < 0;
  });
}

/** What a text holds in another form. Every word may be base64. */
function decoded(text: string): (readonly [how: string, value: unknown])[] {
  const json = tried(() => JSON.parse(text.replace(/^\s*\uFEFF/, '')) as unknown);
  if (typeof json === 'object' || typeof json === 'string') return [['json', json]];
  const forms = {
    // A piece of JSON that was cut off, or stands in another text.
    unescaped: text.replaceAll(/\\u[\da-f]{4}|\\["\\/]/gi, (escape) => JSON.parse(`"${escape}"`) as string),
    percent: text.replaceAll(/(?:%[\da-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString()),
  };
  return [
    ...Object.entries(forms).filter(([, form]) => form !== text),
    ...Array.from(text.matchAll(/[\w+/-]{4,}/g), ([word]) => ['base64', Buffer.from(word, 'base64')] as const),
  ];
}

/** Bytes as text, compressed (by the first bytes of RFC 1952 and RFC 1950) or not. */
function textOf(bytes: Uint8Array): string {
  const unzipped =
    bytes[0] === 0x1f
      ? tried(() => gunzipSync(bytes))
      : bytes[0] === 0x78
        ? tried(() => inflateSync(bytes))
        : undefined;
  return unzipped ? textOf(unzipped) : Buffer.from(bytes).toString();
}

function tried<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
