import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from './attribute-value.ts';
import { numberOf } from './attribute-value.ts';
import type { Tokens } from './expression-tokens.ts';

/** What an expression is evaluated over. */
export interface Scope {
  readonly item: Item;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Item>;
}

/** A value in an expression; `undefined` where the attribute is not there. */
export type Operand = (scope: Scope) => AttributeValue | undefined;
/** A document path, its placeholders replaced: names, and places in lists. */
export type Path = (scope: Scope) => readonly (string | number)[];

/** Reads a path such as `#a.b[0]`. */
export function readPath(tokens: Tokens): Path {
  const deps: (string | number)[] = [];
  do {
    if (!/^#?[A-Za-z_]/.test(tokens.next)) tokens.refuse();
    deps.push(tokens.take());
    while (tokens.takeIf('[')) {
      deps.push(Number(tokens.take()));
      tokens.expect(']');
    }
  } while (tokens.takeIf('.'));
  return ({ names }) => deps.map((part) => (typeof part === 'string' ? nameOf(part, names) : part));
}

function nameOf(part: string, names: Scope['names']): string {
  if (!part.startsWith('#')) return part;
  const name = names[part];
  if (name === undefined) throw new Error(`the expression uses ${part}, which has no name`);
  return name;
}

/** What stands at a path of a row. */
export function valueAt(item: Item, path: readonly (string | number)[]): AttributeValue | undefined {
  let value: AttributeValue | undefined = { M: item };
  for (const part of path) value = typeof part === 'number' ? value?.L?.[part] : ownValue(value?.M, part);
  return value;
}

const ownValue = (map: Item | undefined, name: string): AttributeValue | undefined =>
  map && Object.hasOwn(map, name) ? map[name] : undefined;

/** Reads a path, a `:value`, or a function that gives a value. */
export function readOperand(tokens: Tokens): Operand {
  if (tokens.next.startsWith(':')) {
    const placeholder = tokens.take();
    return ({ values }) => {
      const value = values[placeholder];
      if (value === undefined) throw new Error(`the expression uses ${placeholder}, which has no value`);
      return value;
    };
  }
  if (tokens.takeIf('SIZE')) return readSize(tokens);
  if (tokens.takeIf('IF_NOT_EXISTS')) {
    tokens.expect('(');
    const path = readPath(tokens);
    tokens.expect(',');
    const otherwise = readOperand(tokens);
    tokens.expect(')');
    return (scope) => valueAt(scope.item, path(scope)) ?? otherwise(scope);
  }
  if (tokens.takeIf('LIST_APPEND')) {
    tokens.expect('(');
    const first = readOperand(tokens);
    tokens.expect(',');
    const second = readOperand(tokens);
    tokens.expect(')');
    return (scope) => ({ L: [...(first(scope)?.L ?? notThere()), ...(second(scope)?.L ?? notThere())] });
  }
  const path = readPath(tokens);
  return (scope) => valueAt(scope.item, path(scope));
}

function readSize(tokens: Tokens): Operand {
  tokens.expect('(');
  const path = readPath(tokens);
  tokens.expect(')');
  return (scope) => {
    const value = valueAt(scope.item, path(scope));
    const size = value && (value.S?.length ?? value.L?.length ?? value.SS?.length ?? Object.keys(value.M ?? {}).length);
    return size === undefined ? undefined : { N: String(size) };
  };
}

/** What DynamoDB says of an operand that has to be there. */
export function notThere(): never {
  throw new Error('The provided expression refers to an attribute that does not exist in the item');
}

/** A sum or a difference of two numbers that have to be there. */
export function reckon(a: AttributeValue | undefined, sign: 1 | -1, b: AttributeValue | undefined): AttributeValue {
  return { N: String(numberOf(a ?? notThere()) + sign * numberOf(b ?? notThere())) };
}
