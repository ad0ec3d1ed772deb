import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { numberOf, type Item } from './attribute-value.ts';
import { Tokens, UnknownSyntax } from './expression-tokens.ts';
import { notThere, readOperand, readPath, reckon, valueAt, type Operand, type Path, type Scope } from './operand.ts';

/** One update expression, read once: the row after it, and the placeholders that it uses. */
export interface Update {
  readonly applied: (scope: Scope) => Item;
  readonly placeholders: readonly string[];
}

/** One assignment or removal; every value is reckoned over the row as it was before the whole update. */
type Action = (scope: Scope) => {
  readonly path: readonly (string | number)[];
  readonly value: AttributeValue | undefined;
};

const known = new Map<string, Update>();

/** Reads an update expression with `SET`, `REMOVE` and `ADD` of numbers; throws `UnknownSyntax` for anything else. */
export function updateOf(text: string): Update {
  const before = known.get(text);
  if (before) return before;
  const tokens = new Tokens(text);
  const actions: Action[] = [];
  while (!tokens.isAtEnd) actions.push(...readClause(tokens));
  const update: Update = {
    applied: (scope) => {
      const after = { ...scope.item };
      const paths = new Set<string>();
      for (const { path, value } of actions.map((action) => action(scope))) {
        paths.add(path.join('.'));
        put(after, path, value);
      }
      if (paths.size < actions.length) throw new Error('Two document paths overlap with each other');
      return after;
    },
    placeholders: tokens.placeholders,
  };
  known.set(text, update);
  return update;
}

const clauses: Readonly<Record<string, (tokens: Tokens) => Action>> = {
  SET: readAssignment,
  REMOVE: (tokens) => {
    const path = readPath(tokens);
    return (scope) => ({ path: path(scope), value: undefined });
  },
  ADD: readAddition,
};

function readClause(tokens: Tokens): Action[] {
  const read = clauses[tokens.next.toUpperCase()];
  if (!read) return tokens.refuse();
  tokens.take();
  const actions = [read(tokens)];
  while (tokens.takeIf(',')) actions.push(read(tokens));
  return actions;
}

function readAssignment(tokens: Tokens): Action {
  const path: Path = readPath(tokens);
  tokens.expect('=');
  const value = readSum(tokens);
  return (scope) => ({ path: path(scope), value: value(scope) ?? notThere() });
}

function readSum(tokens: Tokens): Operand {
  const first = readOperand(tokens);
  const sign = tokens.takeIf('+') ? 1 : tokens.takeIf('-') ? -1 : undefined;
  if (sign === undefined) return first;
  const second = readOperand(tokens);
  return (scope) => reckon(first(scope), sign, second(scope));
}

function readAddition(tokens: Tokens): Action {
  const path = readPath(tokens);
  const addend = readOperand(tokens);
  return (scope) => {
    const before = valueAt(scope.item, path(scope)) ?? { N: '0' };
    return { path: path(scope), value: { N: String(numberOf(before) + numberOf(addend(scope) ?? notThere())) } };
  };
}

/** Puts a value at a path, or takes away what is there. Only what lies on the path is copied: rows are never changed in place. */
function put(item: Item, [name, ...rest]: readonly (string | number)[], value: AttributeValue | undefined): void {
  if (typeof name !== 'string') throw new UnknownSyntax('a place in a list cannot be written');
  if (rest.length === 0) {
    if (value === undefined) delete item[name];
    else item[name] = value;
    return;
  }
  const map = item[name]?.M;
  if (!map) throw new Error('The document path provided in the update expression is invalid for update');
  const inner = { ...map };
  put(inner, rest, value);
  item[name] = { M: inner };
}
