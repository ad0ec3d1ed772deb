import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { isEqual, order, typeOf } from './attribute-value.ts';
import { Tokens } from './expression-tokens.ts';
import { readOperand, readPath, valueAt, type Operand, type Scope } from './operand.ts';

/** One expression, read once: what it says of a row, and the placeholders that it uses. */
export interface Condition {
  readonly holds: (scope: Scope) => boolean;
  readonly placeholders: readonly string[];
}

type Test = Condition['holds'];

const known = new Map<string, Condition>();

/** Reads a condition, key condition or filter expression; throws `UnknownSyntax` for what is none. */
export function conditionOf(text: string): Condition {
  const before = known.get(text);
  if (before) return before;
  const tokens = new Tokens(text);
  const holds = readOr(tokens);
  if (!tokens.isAtEnd) tokens.refuse();
  const condition = { holds, placeholders: tokens.placeholders };
  known.set(text, condition);
  return condition;
}

function readOr(tokens: Tokens): Test {
  const tests = [readAnd(tokens)];
  while (tokens.takeIf('OR')) tests.push(readAnd(tokens));
  return tests.length === 1 && tests[0] ? tests[0] : (scope) => tests.some((test) => test(scope));
}

function readAnd(tokens: Tokens): Test {
  const tests = [readTest(tokens)];
  while (tokens.takeIf('AND')) tests.push(readTest(tokens));
  return tests.length === 1 && tests[0] ? tests[0] : (scope) => tests.every((test) => test(scope));
}

function readTest(tokens: Tokens): Test {
  if (tokens.takeIf('NOT')) {
    const test = readTest(tokens);
    return (scope) => !test(scope);
  }
  if (tokens.takeIf('(')) {
    const test = readOr(tokens);
    tokens.expect(')');
    return test;
  }
  return readFunction(tokens) ?? readComparison(tokens);
}

function readFunction(tokens: Tokens): Test | undefined {
  const isThere = tokens.takeIf('ATTRIBUTE_EXISTS');
  if (isThere || tokens.takeIf('ATTRIBUTE_NOT_EXISTS')) {
    tokens.expect('(');
    const path = readPath(tokens);
    tokens.expect(')');
    return (scope) => (valueAt(scope.item, path(scope)) !== undefined) === isThere;
  }
  if (tokens.takeIf('BEGINS_WITH')) {
    return readPair(tokens, (whole, part) => whole.S !== undefined && whole.S.startsWith(part.S ?? '\uFFFF'));
  }
  if (tokens.takeIf('CONTAINS')) return readPair(tokens, contains);
  if (tokens.takeIf('ATTRIBUTE_TYPE')) return readPair(tokens, (value, type) => typeOf(value) === type.S);
  return undefined;
}

function readPair(tokens: Tokens, test: (a: AttributeValue, b: AttributeValue) => boolean): Test {
  tokens.expect('(');
  const first = readOperand(tokens);
  tokens.expect(',');
  const second = readOperand(tokens);
  tokens.expect(')');
  return (scope) => {
    const [a, b] = [first(scope), second(scope)];
    return a !== undefined && b !== undefined && test(a, b);
  };
}

function contains(whole: AttributeValue, part: AttributeValue): boolean {
  if (whole.S !== undefined) return part.S !== undefined && whole.S.includes(part.S);
  if (whole.SS !== undefined) return part.S !== undefined && whole.SS.includes(part.S);
  return whole.L?.some((one) => isEqual(one, part)) ?? false;
}

const comparisons: Readonly<Record<string, (a: AttributeValue, b: AttributeValue) => boolean>> = {
  '=': isEqual,
  '<': (a, b) => (order(a, b) ?? 0) < 0,
  '<=': (a, b) => (order(a, b) ?? 1) <= 0,
  '>': (a, b) => (order(a, b) ?? 0) > 0,
  '>=': (a, b) => (order(a, b) ?? -1) >= 0,
};

/** A comparison with what is not there is false, but for `<>`. */
function readComparison(tokens: Tokens): Test {
  const left = readOperand(tokens);
  if (tokens.takeIf('BETWEEN')) {
    const low = readOperand(tokens);
    tokens.expect('AND');
    const high = readOperand(tokens);
    return (scope) => compare(left, '>=', low)(scope) && compare(left, '<=', high)(scope);
  }
  if (tokens.takeIf('IN')) {
    tokens.expect('(');
    const choices = [readOperand(tokens)];
    while (tokens.takeIf(',')) choices.push(readOperand(tokens));
    tokens.expect(')');
    const tests = choices.map((choice) => compare(left, '=', choice));
    return (scope) => tests.some((test) => test(scope));
  }
  if (tokens.takeIf('<>')) {
    const isSame = compare(left, '=', readOperand(tokens));
    return (scope) => !isSame(scope);
  }
  if (!Object.hasOwn(comparisons, tokens.next)) tokens.refuse();
  return compare(left, tokens.take(), readOperand(tokens));
}

function compare(left: Operand, sign: string, right: Operand): Test {
  const holds = comparisons[sign] ?? isEqual;
  return (scope) => {
    const [a, b] = [left(scope), right(scope)];
    return a !== undefined && b !== undefined && holds(a, b);
  };
}
