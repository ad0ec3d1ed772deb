import * as fc from 'fast-check';
import { sized } from '../scope.ts';

const factor = sized({ test: 0.5, prove: 4, long: 100 });

/** How often a property is tried. */
export const tries = (count: number): { readonly numRuns: number } => ({ numRuns: Math.ceil(count * factor) });

/** What one test may take, in ms. */
export const inTime = { timeout: 300_000 * Math.ceil(factor) };

/** No single input may take longer, in ms: linear readers need a few, however busy the machine is some hundred. */
const SLOWEST_MS = 20_000;

/** The planted text that no log line, problem or flaw may repeat. */
export const canary = 'Canary-9f3c7ab1';

/** Runs a reader on one input. Fails where it takes so long that a sender could stop the bridge with it. */
export async function swiftly<Value>(read: () => Value | Promise<Value>): Promise<Value> {
  const startedAt = performance.now();
  const value = await read();
  const ms = performance.now() - startedAt;
  if (ms > SLOWEST_MS) throw new Error(`one input took ${Math.round(ms)} ms`);
  return value;
}

/** Names that an object has without being given them, and texts that have hurt readers before. */
const knownTexts = [
  [
    '',
    ' ',
    '\u0000',
    '\u202e',
    '\ufeff',
    '\ud800',
    '\udc00a',
    'ß',
    '👩‍👩‍👧',
    '\r\n',
    '\t',
    '"',
    '\\',
    "'; --",
    '<b>',
    '${x}',
  ],
  ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'toJSON', 'then', 'length'],
  ['null', 'undefined', 'true', 'False', 'NaN', 'Infinity', '1e999', '-0', '0x10', '007', '1.5', '9'.repeat(41)],
  ['9'.repeat(400), '1760000000', '1760000000000', '99999999999999', '2026-02-31T00:00:00Z', '2026-01-01'],
  ['2026-01-01T00:00:00+99:99', '9999-12-31T23:59:59-23:59', '0000-01-01T00:00:00Z', '1969-12-31T23:59:59Z'],
  ['user#', 'visitor#a', 'event#a#b', '~2', 'a.b', '..', '../../v1/health', '%2f', '?a=b', '#a', 'api', 'token'],
  ['https:x', 'https://a:b@c', 'http://127.0.0.1', 'file:///etc/passwd', 'javascript:0', 'Bearer', 'v1,', 'whsec_'],
  ['7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01', '7D0C1E52-2F6F-4A43-9C55-0B8F6C0F1A01', 'a'.repeat(257), 'ü'.repeat(2_100)],
  [canary, `${canary}@corp.example`, 'a'.repeat(70_000)],
].flat();

/** Any text: known ones, ordinary ones, and any UTF-16 at all, broken pairs included. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...knownTexts),
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
);

/** A name as the names of headers and fields are: one that exists, or one of the hostile ones. */
const hostileName = fc.oneof(
  fc.constantFrom('id', 'sub', 'userId', 'name', 'email', 'data', 'type', 'version', 'results', 'next', 'count'),
  hostileText,
);

const hostileNumber = fc.oneof(
  fc.constantFrom(0, -0, -1, 1, 1.5, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 53, 1e13, 1_760_000_000_000),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Any JSON value, as `JSON.parse` gives it: `__proto__` may be a key of its own. */
export const hostileJson: fc.Arbitrary<unknown> = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    // A length or size that cannot be compared with a number, as `JSON.parse` may give it.
    fc.constantFrom(null, true, false, [], {}, { length: { toString: null } }, { size: { toString: null } }),
    hostileNumber,
    hostileText,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.array(fc.tuple(hostileName, tie('any')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).any;

export const hostileObject: fc.Arbitrary<Record<string, unknown>> = fc
  .array(fc.tuple(hostileName, hostileJson), { maxLength: 6 })
  .map((entries) => Object.fromEntries(entries));

/** One change of a JSON value somewhere inside it. */
interface Twist {
  readonly where: number;
  readonly how: 'replace' | 'leave out' | 'add' | 'wrap';
  readonly name: string;
  readonly value: unknown;
}

const twists: fc.Arbitrary<Twist[]> = fc.array(
  fc.record({
    where: fc.nat(10_000),
    how: fc.constantFrom('replace', 'leave out', 'add', 'wrap'),
    name: hostileName,
    value: hostileJson,
  }),
  { minLength: 1, maxLength: 4 },
);

type Holder = Record<string, unknown>;

/** The good value with one to four changes: what gets past the first check of a reader. */
export function twisted(good: unknown): fc.Arbitrary<unknown> {
  return twists.map((all) => {
    const root: Holder = { root: structuredClone(good) };
    for (const twist of all) apply(root, twist);
    return root['root'];
  });
}

function apply(root: Holder, { where, how, name, value }: Twist): void {
  const places = placesIn(root);
  const place = places[where % places.length];
  if (!place) return;
  const [holder, key] = place;
  const inner = holder[key];
  // JSON has no list with a hole in it.
  if (how === 'leave out' && Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (how === 'leave out' && holder !== root) delete holder[key];
  else if (how === 'wrap') holder[key] = [inner];
  else if (how === 'add' && inner !== null && typeof inner === 'object') define(inner as Holder, name, value);
  else define(holder, key, value);
}

/** Never by assignment: `__proto__` shall become a key. */
function define(holder: Holder, key: string, value: unknown): void {
  // A list takes no names, and an index far behind its end would make it gigabytes long.
  if (Array.isArray(holder) && !Object.hasOwn(holder, key)) return void holder.push(structuredClone(value));
  if (Array.isArray(holder) && key === 'length') return;
  // A copy: the same value may be chosen twice, and must not be put inside itself.
  Object.defineProperty(holder, key, {
    value: structuredClone(value),
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function placesIn(holder: Holder): [Holder, string][] {
  return Object.keys(holder).flatMap((key): [Holder, string][] => {
    const inner = holder[key];
    const isHolder = inner !== null && typeof inner === 'object';
    return [[holder, key], ...(isHolder ? placesIn(inner as Holder) : [])];
  });
}

/** Text that is nearly JSON: the good text cut, doubled, or with a few signs changed, or something else altogether. */
export function nearlyJson(good: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const text = good.map((value) => JSON.stringify(value) ?? '');
  const place = fc.nat(1_000_000);
  return fc.oneof(
    { weight: 4, arbitrary: text },
    fc.tuple(text, place).map(([whole, at]) => whole.slice(0, at % (whole.length + 1))),
    fc.tuple(text, place, hostileText).map(([whole, at, added]) => {
      const cut = at % (whole.length + 1);
      return whole.slice(0, cut) + added + whole.slice(cut);
    }),
    text.map((whole) => whole.replace('{', '{"id":"one","id":"two","__proto__":{},')),
    deepJson,
    hostileText,
  );
}

/** Deeper than any reader goes, up to more levels than a stack holds. */
const deepJson = fc
  .tuple(fc.constantFrom(15, 16, 17, 40, 1_000), fc.constantFrom('[', '{"a":'))
  .map(([depth, open]) => open.repeat(depth) + '1' + (open === '[' ? ']' : '}').repeat(depth));
