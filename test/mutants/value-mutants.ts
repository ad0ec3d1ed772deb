import ts from 'typescript';
import type { Mutant } from './mutant.ts';

/** One place in a source, and what stands there instead. */
interface Replacement {
  readonly kind: 'numbers' | 'comparisons' | 'answers';
  readonly node: ts.Node;
  readonly text: string;
  /** What is changed, as an id says it. */
  readonly change: string;
}

/** Ten times as much, and a tenth: far enough from any number of the design for a test that reads it, near enough to keep the rest running. */
const FACTOR = 10;

const comparisons = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
]);

/**
 * A mutant for each number of a source (ten times as much, and a tenth), each comparison (its boundary moved, or its opposite), and each
 * field of what is answered (left out).
 */
export function valueMutants(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const path = file.replace(/^functions\//, '').replace(/\.ts$/, '');
  const seen = new Map<string, number>();
  return replacementsIn(tree).map(({ kind, node, text, change }) => {
    const id = `${kind}/${path}/${nameAround(node)}: ${change}`;
    const times = (seen.get(id) ?? 0) + 1;
    seen.set(id, times);
    return {
      id: times === 1 ? id : `${id} (${times})`,
      protects: protects[kind],
      texts: new Map([[file, source.slice(0, node.getStart(tree)) + text + source.slice(node.getEnd())]]),
    };
  });
}

const protects = {
  numbers: 'A number of the design.',
  comparisons: 'A boundary, or a case told from another.',
  answers: 'A field that somebody reads.',
};

function replacementsIn(tree: ts.SourceFile): Replacement[] {
  const found: Replacement[] = [];
  const isOfViews = /(-view|problem)\.ts$/.test(tree.fileName);
  const visit = (node: ts.Node): void => {
    // What is imported, and what only types say, nobody runs.
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isNumericLiteral(node)) found.push(...numbersFor(node));
    if (ts.isBinaryExpression(node)) found.push(...comparisonsFor(node));
    if (ts.isObjectLiteralExpression(node) && isAnswered(node, isOfViews)) found.push(...fieldsOf(node, tree));
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function numbersFor(node: ts.NumericLiteral): Replacement[] {
  const value = Number(node.text);
  // What only counts up, or begins a count, is no number of the design, unless it has a name.
  if (value < 2 && !isNamed(node)) return [];
  const tenth = Number.isInteger(value) ? Math.floor(value / FACTOR) : value / FACTOR;
  const others = value === 0 ? [1] : [value * FACTOR, tenth];
  return others.map((other) => ({
    kind: 'numbers',
    node,
    text: String(other),
    change: `${node.getText()} → ${other}`,
  }));
}

const isNamed = ({ parent }: ts.Node): boolean =>
  ts.isVariableDeclaration(parent) && ts.isSourceFile(parent.parent.parent.parent);

function comparisonsFor({ operatorToken: node }: ts.BinaryExpression): Replacement[] {
  const text = comparisons.get(node.kind);
  return text === undefined ? [] : [{ kind: 'comparisons', node, text, change: `${node.getText()} → ${text}` }];
}

/** True of an object that a function of a view makes, and of one below the `body` or the `headers` of an answer. */
function isAnswered(node: ts.Node, isOfViews: boolean): boolean {
  for (let outer = node.parent; !ts.isSourceFile(outer); outer = outer.parent) {
    if (ts.isPropertyAssignment(outer) && /^(body|headers)$/.test(outer.name.getText())) return true;
    if (ts.isFunctionLike(outer)) return isOfViews;
  }
  return false;
}

function fieldsOf({ properties }: ts.ObjectLiteralExpression, tree: ts.SourceFile): Replacement[] {
  return properties.map((node) => ({
    kind: 'answers',
    node,
    // An empty spread, so that the commas around it stay right.
    text: '...{}',
    change: `without ${node.getText(tree).split(/[\n:(]/, 1)[0]}`,
  }));
}

/** The function, method or constant of the file around a node. */
function nameAround(node: ts.Node): string {
  let name = '';
  for (let outer = node; !ts.isSourceFile(outer); outer = outer.parent)
    if (ts.isFunctionDeclaration(outer) || ts.isMethodDeclaration(outer) || ts.isVariableDeclaration(outer))
      name = outer.name?.getText() ?? '';
  return name;
}
