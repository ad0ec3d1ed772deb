import { posix } from 'node:path';
import ts from 'typescript';

/** Somewhere that a file imports from, whether it takes values or only types. */
export interface Import {
  /** As it is written; `undefined` where it is computed. */
  readonly name: string | undefined;
  /** The file of the project that is meant, by its path from the root; `undefined` for a package. */
  readonly file: string | undefined;
}

/** Everything that a file of the project imports, exports again, requires or names in a type. */
export function importsIn(path: string, text: string): readonly Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const from = importedBy(node);
    if (from) found.push(importOf(path, ts.isStringLiteralLike(from) ? from.text : undefined));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}

function importOf(path: string, name: string | undefined): Import {
  const isOwn = name !== undefined && /^\.{0,2}\//.test(name);
  return { name, file: isOwn ? posix.normalize(posix.join(posix.dirname(path), name)) : undefined };
}

/** The expression that says from where a node imports. */
function importedBy(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const isImport =
    expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === 'require');
  return isImport ? node.arguments[0] : undefined;
}
