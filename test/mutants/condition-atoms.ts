import ts from 'typescript';
import { atomsOf, withoutEach, withoutEffect } from './condition-text.ts';
import type { Mutant } from './mutant.ts';

/** One place in a source where one atom of one condition of DynamoDB is removed. */
interface Removal {
  /** The function, method or constant in which the condition stands. */
  readonly where: string;
  readonly atom: string;
  readonly start: number;
  readonly end: number;
  readonly weakened: string;
}

/** Expressions that look like conditions and decide no race: what is read, and what is written. */
const NO_CONDITION = new Set(['KeyConditionExpression', 'UpdateExpression', 'update']);

/**
 * A mutant for every atom of every condition in a source. A condition that has a name is weakened at each of its uses by itself, atom
 * by atom, so that a test which notices it at one use does not hide that nobody notices it at another.
 */
export function conditionAtoms(file: string, source: string): Mutant[] {
  const module = file.replace(/^.*\//, '').replace(/\.ts$/, '');
  const seen = new Map<string, number>();
  return removalsIn(file, source).map(({ where, atom, start, end, weakened }) => {
    const id = `atom/${module}/${where}: ${atom}`;
    const times = (seen.get(id) ?? 0) + 1;
    seen.set(id, times);
    return {
      id: times === 1 ? id : `${id} (${times})`,
      protects: `The race that ${where} decides by ${atom}.`,
      texts: new Map([[file, source.slice(0, start) + weakened + source.slice(end)]]),
    };
  });
}

function removalsIn(file: string, source: string): Removal[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const named = namedConditions(tree);
  const found: Removal[] = [];
  const visit = (node: ts.Node): void => {
    if (isNoCondition(node)) return;
    if (isText(node) && !isNamed(node, named)) found.push(...removalsInText(node, tree, named));
    const name = usedName(node);
    if (name !== undefined) found.push(...removalsOfUse(node, name, tree, named));
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

type Text = ts.StringLiteral | ts.NoSubstitutionTemplateLiteral | ts.TemplateExpression;

const isText = (node: ts.Node): node is Text => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

const isNoCondition = (node: ts.Node): boolean =>
  (ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)) && NO_CONDITION.has(node.name.getText());

/** The conditions that are constants of the file, by name. */
function namedConditions(tree: ts.SourceFile): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  ts.forEachChild(tree, (node) => {
    if (!ts.isVariableStatement(node)) return;
    for (const constant of node.declarationList.declarations) {
      const { name, initializer } = constant;
      if (!initializer || !ts.isStringLiteralLike(initializer) || isNoCondition(constant)) continue;
      if (atomsOf(initializer.text)) named.set(name.getText(), initializer.text);
    }
  });
  return named;
}

const isNamed = ({ parent }: ts.Node, named: ReadonlyMap<string, string>): boolean =>
  ts.isVariableDeclaration(parent) && named.has(parent.name.getText());

function removalsInText(node: Text, tree: ts.SourceFile, named: ReadonlyMap<string, string>): Removal[] {
  // Without its quotes, as it is written: the conditions have nothing that would have to be escaped.
  const from = node.getStart(tree) + 1;
  const atoms = atomsOf(tree.text.slice(from, node.getEnd() - 1)) ?? [];
  return atoms.flatMap((one) => {
    const place = { where: nameAround(node), start: from + one.at, end: from + one.at + one.text.length };
    const name = one.text.startsWith('${') ? one.text.slice(2, -1) : undefined;
    const condition = name === undefined ? undefined : named.get(name);
    if (condition === undefined) return [{ ...place, atom: one.text, weakened: withoutEffect(one) }];
    return withoutEach(condition).map(({ atom, weakened }) => ({ ...place, atom: `${name}: ${atom}`, weakened }));
  });
}

/** The name of a condition that is used outside any text: `condition: LEASE_IS_MINE`, `[taken.condition]`. */
function usedName(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && node.name.text === 'condition' && !ts.isTemplateSpan(node.parent))
    return node.getText();
  const isProperty = ts.isIdentifier(node) && ts.isPropertyAssignment(node.parent) && node.parent.initializer === node;
  return isProperty && /^(condition|ConditionExpression)$/.test(node.parent.name.getText()) ? node.text : undefined;
}

function removalsOfUse(
  node: ts.Node,
  name: string,
  tree: ts.SourceFile,
  named: ReadonlyMap<string, string>,
): Removal[] {
  const place = { where: nameAround(node), start: node.getStart(tree), end: node.getEnd() };
  const condition = named.get(name);
  if (condition === undefined) {
    const whole = withoutEffect({ text: `\${${name}}`, isAlternative: false });
    return [{ ...place, atom: name, weakened: `\`${whole}\`` }];
  }
  return withoutEach(condition).map(({ atom, weakened }) => ({
    ...place,
    atom: `${name}: ${atom}`,
    weakened: `'${weakened}'`,
  }));
}

/** The function, method or constant of the file around a node. */
function nameAround(node: ts.Node): string {
  for (let outer: ts.Node = node; !ts.isSourceFile(outer); outer = outer.parent)
    if (ts.isFunctionDeclaration(outer) || ts.isMethodDeclaration(outer) || isConstantOfFile(outer))
      return outer.name?.getText() ?? '';
  return '';
}

const isConstantOfFile = (node: ts.Node): node is ts.VariableDeclaration =>
  ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent);
