/** What `use` answers, or undefined where it throws: for what a browser may refuse or a stranger may have written. */
// @ts-expect-error Its end is that `undefined`, which costs each page its bytes where it is written out.
export function attempted<Value>(use: () => Value): Value | undefined {
  try {
    return use();
  } catch {}
}
