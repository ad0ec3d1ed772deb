/** Integers of so many digits may lie above 2^53, where a number of JavaScript is another integer. */
const LARGE = /\d{16}/;
const INTEGER = /^-?\d+$/;
/** The strings and the numbers of a JSON text. */
const SCALAR = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/**
 * The value of a JSON text, in which an integer that a number cannot hold is its digits as text: somebody's number, rounded, would be
 * somebody else's. Throws `SyntaxError` for what is no JSON, and takes any depth: a reviver would end with the stack.
 */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!LARGE.test(text)) return value;
  const isRounded = (one: string): boolean => INTEGER.test(one) && !Number.isSafeInteger(Number(one));
  return JSON.parse(text.replace(SCALAR, (one) => (isRounded(one) ? `"${one}"` : one)));
}
