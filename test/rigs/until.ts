/** Shorter than a test may take, so that the test says what it waited for. */
const PATIENCE_MS = 240_000;

/** Resolves as soon as the condition holds. How long that takes is the machine's affair: only what never comes is a failure. */
export async function until(condition: () => boolean | Promise<boolean>, what = condition.toString()): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`not within ${PATIENCE_MS / 1_000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
