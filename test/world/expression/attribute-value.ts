import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** A row as DynamoDB's wire format has it. */
export type Item = Record<string, AttributeValue>;

/** Digits that a JavaScript number keeps exactly; what the project stores are counts and milliseconds. */
const DIGITS_MAX = 15;

/** The one type letter of a value, such as `S`; throws on a value that has none or several. */
export function typeOf(value: AttributeValue): string {
  const [type, ...more] = Object.keys(value);
  if (type === undefined || more.length > 0) throw new Error(`no attribute value: ${JSON.stringify(value)}`);
  return type;
}

/** The number in a value; throws on one that JavaScript could not keep exactly. */
export function numberOf(value: AttributeValue): number {
  if (value.N === undefined) throw new Error(`no number: ${JSON.stringify(value)}`);
  if (value.N.replace(/\D/g, '').length > DIGITS_MAX && !Number.isSafeInteger(Number(value.N)))
    throw new Error(`a number with more digits than this table can keep: ${value.N}`);
  return Number(value.N);
}

/** Whether two values are equal as DynamoDB compares them: numbers as numbers, lists in order, sets and maps in any. */
export function isEqual(a: AttributeValue, b: AttributeValue): boolean {
  const type = typeOf(a);
  if (type !== typeOf(b)) return false;
  if (a.S !== undefined) return a.S === b.S;
  if (a.N !== undefined) return numberOf(a) === numberOf(b);
  return canonical(a) === canonical(b);
}

/** Negative, zero or positive for two texts or two numbers; `undefined` where they have no order. */
export function order(a: AttributeValue, b: AttributeValue): number | undefined {
  if (a.N !== undefined && b.N !== undefined) return numberOf(a) - numberOf(b);
  // Texts are ordered by their UTF-8 bytes, which is not JavaScript's order beyond the basic plane.
  return a.S !== undefined && b.S !== undefined ? Buffer.compare(Buffer.from(a.S), Buffer.from(b.S)) : undefined;
}

/** One text for all equal values. */
export function canonical(value: AttributeValue): string {
  if (value.N !== undefined) return `N${numberOf(value)}`;
  if (value.L !== undefined) return `L[${value.L.map(canonical).join()}]`;
  if (value.SS !== undefined) return `SS${JSON.stringify(value.SS.toSorted())}`;
  if (value.M !== undefined) {
    const entries = Object.entries(value.M).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `M{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join()}}`;
  }
  if (value.S !== undefined || value.BOOL !== undefined || value.NULL !== undefined) return JSON.stringify(value);
  throw new Error(`this table does not know values of type ${typeOf(value)}`);
}
