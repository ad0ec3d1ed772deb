/** Integers of so many digits may lie above 2^53, where a number of JavaScript is another integer. */
const LARGE = /\d{16}/;
const INTEGER = /^-?\d+$/;

/** What `JSON.parse` tells its reviver of a value that is no object (ECMAScript, "JSON.parse source text access"; Node 21). */
interface Source {
  readonly source?: string;
}

/**
 * The value of a JSON text, in which an integer that a number cannot hold is its digits as text: somebody's number, rounded, would be
 * somebody else's. Throws `SyntaxError` for what is no JSON.
 */
export function parseExactly(text: string): unknown {
  if (!LARGE.test(text)) return JSON.parse(text);
  const digits = (_key: string, value: unknown, { source = '' }: Source = {}): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && INTEGER.test(source) ? source : value;
  return JSON.parse(text, digits);
}
