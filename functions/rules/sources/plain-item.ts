import { isObject, LEFT_OUT, type Json } from './json.ts';

/** No item is nested deeper (AWS, "Quotas in Amazon DynamoDB", nested attribute depth). */
const DEPTH_MAX = 32;
/** Stands for bytes, which the event has as base64 that must not pass for text, and for what lies deeper. It fits no field. */
const NO_FIELD = { [LEFT_OUT]: 0 };

/**
 * An item in DynamoDB's JSON, as a stream's event has it, in plain values: numbers are their digits, so that none is rounded, sets are
 * `Set`s, and what is binary or too deep fits no field, and keeps no other from being read. `undefined` where any value in it is not of
 * DynamoDB's form. Never throws.
 */
export function plainItem(item: unknown, level = 1): Json | undefined {
  if (!isObject(item)) return undefined;
  if (level > DEPTH_MAX) return NO_FIELD;
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
      return NO_FIELD;
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

function plainList(list: readonly unknown[], level: number): unknown {
  if (level > DEPTH_MAX) return NO_FIELD;
  const values = list.map((value) => plainValue(value, level));
  return values.includes(undefined) ? undefined : values;
}
