/** What `use` answers, or undefined where it throws: for what a browser may refuse or a stranger may have written. */
export function attempted<Value>(use: () => Value): Value | undefined {
  try {
    return use();
  } catch {}
}
