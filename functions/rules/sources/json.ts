import { attempted } from '../attempted.ts';
import { parseExactly } from '../exact-json.ts';
import type { Flaw } from '../failure.ts';

/** The deepest event of any source has eight levels. */
const DEPTH_MAX = 16;

/** The name in what stands for a value that is left out. It fits no field, and a path that leads through it ends in it (`valueAt`). */
export const LEFT_OUT = '\u0000';

/** A JSON object of which nothing else is known. */
export type Json = Readonly<Record<string, unknown>>;

/** The event in a proven body, or what is wrong with the body. `isAmbiguous`: some object in it had one key twice. */
export type Parsed = { readonly event: Json; readonly isAmbiguous?: true } | { readonly flaw: Flaw };

/**
 * Reads a body in which two readers cannot see two different events: `JSON.parse` alone keeps the last of two equal keys, others keep the
 * first. The values of a key that is there twice or is `__proto__`, and of what lies below 16 levels, are left out, and the event is read
 * all the same: people write a part of their own record, and must not make the word of their block unreadable. Linear in the length.
 */
export function parseEvent(body: Buffer): Parsed {
  // RFC 8259 §8.1 lets a reader pass over a byte order mark, and a sender who is proven means what follows it.
  const text = utf8Text(body)?.replace(/^\uFEFF/, '');
  const event = text === undefined ? undefined : attempted(() => parseExactly(text));
  if (text === undefined || !isObject(event)) return { flaw: { path: '', problem: 'is not a JSON object in UTF-8' } };
  const { kept, isAmbiguous } = withoutDoubtful(text);
  return { event: kept === text ? event : (parseExactly(kept) as Json), ...(isAmbiguous && { isAmbiguous }) };
}

/** The bytes as text, `undefined` where they are not UTF-8. A byte order mark stays: it was signed too. */
export const utf8Text = (bytes: Buffer): string | undefined =>
  attempted(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));

export const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** The object under a name, an empty one where there is none. */
export function objectAt(event: Json, name: string): Json {
  const value = Object.hasOwn(event, name) ? event[name] : undefined;
  return isObject(value) ? value : {};
}

/** The text, which is known to be JSON, without what is left out of an event: one set of keys for each open object. */
function withoutDoubtful(text: string): { readonly kept: string; readonly isAmbiguous: boolean } {
  const open: (Set<string> | undefined)[] = [];
  let [kept, from, at, isAmbiguous] = ['', 0, 0, false];
  const leaveOut = (start: number): void => {
    kept += text.slice(from, start) + JSON.stringify({ [LEFT_OUT]: 0 });
    from = at = endOfValue(text, start);
  };
  while (at < text.length) {
    const sign = text.charAt(at);
    const isOpening = sign === '{' || sign === '[';
    if (isOpening && open.length === DEPTH_MAX) leaveOut(at);
    else if (sign === '"') {
      const end = endOfString(text, at);
      const colon = pastSpace(text, end);
      // In JSON a string before a colon is a key, and nothing else is. Keys are compared as they are read: `"a"` and `"\u0061"` are one.
      const key = text[colon] === ':' ? keyOf(text.slice(at, end)) : undefined;
      at = end;
      const keys = key === undefined ? undefined : open.at(-1);
      if (key === undefined || !keys) continue;
      if (keys.has(key) || key === '__proto__') leaveOut(pastSpace(text, colon + 1));
      isAmbiguous ||= keys.has(key);
      keys.add(key);
    } else {
      if (isOpening) open.push(sign === '{' ? new Set() : undefined);
      else if (sign === '}' || sign === ']') open.pop();
      at += 1;
    }
  }
  return { kept: kept + text.slice(from), isAmbiguous };
}

const keyOf = (quoted: string): string => (quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1));

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function pastSpace(text: string, start: number): number {
  let at = start;
  while (' \t\n\r'.includes(text.charAt(at)) && at < text.length) at += 1;
  return at;
}

/** A value within another ends where a comma, or the end of the other, follows it. */
function endOfValue(text: string, start: number): number {
  let [at, level] = [start, 0];
  while (level > 0 || !',]}'.includes(text.charAt(at))) {
    const sign = text.charAt(at);
    if (sign === '{' || sign === '[') level += 1;
    if (sign === '}' || sign === ']') level -= 1;
    at = sign === '"' ? endOfString(text, at) : at + 1;
  }
  return at;
}

/** What is in the envelope that EventBridge puts around an event (AWS, "Events in Amazon EventBridge"), or the event itself. */
export const withoutEnvelope = (event: Json): Json => ('detail-type' in event ? objectAt(event, 'detail') : event);
