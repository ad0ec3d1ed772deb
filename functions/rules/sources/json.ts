import { parseExactly } from '../exact-json.ts';
import type { Flaw } from '../failure.ts';

/** The deepest event of any source has eight levels. */
const DEPTH_MAX = 16;

/** A JSON object of which nothing else is known. */
export type Json = Readonly<Record<string, unknown>>;

/** The event in a proven body, or what is wrong with the body. */
export type Parsed = { readonly event: Json } | { readonly flaw: Flaw };

/**
 * Reads a body in which two readers cannot see two different events: `JSON.parse` alone keeps the last of two equal keys, others
 * keep the first. Refuses `__proto__` as a key as well, and more than 16 levels. Linear in the length of the body.
 */
export function parseEvent(body: Buffer): Parsed {
  // RFC 8259 §8.1 lets a reader pass over a byte order mark, and a sender who is proven means what follows it.
  const text = utf8Text(body)?.replace(/^\uFEFF/, '');
  const value = text === undefined ? undefined : parseText(text);
  if (text === undefined || !isObject(value)) return flawed('is not a JSON object in UTF-8');
  const problem = problemIn(text);
  return problem === undefined ? { event: value } : flawed(problem);
}

/** The object in a text whatever its depth and its keys: enough to say whose it is, not to believe what it says. */
export function looselyParsed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** The bytes as text, `undefined` where they are not UTF-8. A byte order mark stays: it was signed too. */
export function utf8Text(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** The object under a name, an empty one where there is none. */
export function objectAt(event: Json, name: string): Json {
  const value = Object.hasOwn(event, name) ? event[name] : undefined;
  return isObject(value) ? value : {};
}

function parseText(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return undefined;
  }
}

/** What the text, which is known to be JSON, hides from `JSON.parse`: one set of keys for each open object. */
function problemIn(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '{' || sign === '[') open.push(sign === '{' ? new Set() : undefined);
    else if (sign === '}' || sign === ']') open.pop();
    else if (sign === '"') {
      const end = endOfString(text, at);
      const problem = isKey(text, end) ? problemOfKey(text.slice(at, end), open.at(-1)) : undefined;
      if (problem) return problem;
      at = end - 1;
    }
    if (open.length > DEPTH_MAX) return `is nested deeper than ${DEPTH_MAX} levels`;
  }
  return undefined;
}

/** Keys are compared as they are read: `"a"` and `"\u0061"` are the same key. */
function problemOfKey(quoted: string, keys: Set<string> | undefined): string | undefined {
  const key = String(JSON.parse(quoted));
  if (key === '__proto__') return 'has a key that no event may have';
  if (keys?.has(key)) return 'has the same key twice';
  keys?.add(key);
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** In JSON a string before a colon is a key, and nothing else is. */
function isKey(text: string, end: number): boolean {
  let at = end;
  while (' \t\n\r'.includes(text.charAt(at)) && at < text.length) at += 1;
  return text[at] === ':';
}

const flawed = (problem: string): Parsed => ({ flaw: { path: '', problem } });

/** What is in the envelope that EventBridge puts around an event (AWS, "Events in Amazon EventBridge"), or the event itself. */
export const withoutEnvelope = (event: Json): Json => ('detail-type' in event ? objectAt(event, 'detail') : event);
