import { isObject, type Json } from './json.ts';

/** No item is nested deeper (AWS, "Quotas in Amazon DynamoDB", nested attribute depth). */
const DEPTH_MAX = 32;
/** Stands for bytes. The event has them as base64, which must not pass for text: this is no text, no list and no name. */
const BYTES = {};

/**
 * An item in DynamoDB's JSON, as a stream's event has it, in plain values: numbers are their digits, so that none is rounded, sets are
 * `Set`s, and a binary value fits no field. `undefined` where any value in it is not of DynamoDB's form. Never throws.
 */
export function plainItem(item: unknown, level = 1): Json | undefined {
  if (!isObject(item) || level > DEPTH_MAX) return undefined;
  const entries = Object.entries(item).map(([name, value]) => [name, plainValue(value, level)] as const);
  // Not by assignment: a name may be `__proto__`.
  return entries.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(entries);
}

function plainValue(value: unknown, level: number): unknown {
  const [only, ...others] = isObject(value) ? Object.entries(value) : [];
  if (only === undefined || others.length > 0) return undefined;
  const [type, held] = only;
  switch (type) {
    case 'S':
    case 'N':
      return typeof held === 'string' ? held : undefined;
    case 'BOOL':
      return typeof held === 'boolean' ? held : undefined;
    case 'NULL':
      return null;
    case 'B':
    case 'BS':
      return BYTES;
    case 'SS':
    case 'NS':
      return Array.isArray(held) && held.every((one) => typeof one === 'string') ? new Set(held) : undefined;
    case 'L':
      return Array.isArray(held) ? plainList(held, level + 1) : undefined;
    case 'M':
      return plainItem(held, level + 1);
    default:
      return undefined;
  }
}

function plainList(list: readonly unknown[], level: number): unknown[] | undefined {
  if (level > DEPTH_MAX) return undefined;
  const values = list.map((value) => plainValue(value, level));
  return values.includes(undefined) ? undefined : values;
}
