import { SingleBar } from 'cli-progress';

const TELL_EACH_MS = 2_000;

/** Shows on standard error how far something is: a bar with an estimate on a terminal, otherwise a line now and then. */
export function progress(
  what: string,
  total?: number,
): { readonly at: (done: number) => void; readonly end: () => void } {
  if (process.stderr.isTTY && total !== undefined) {
    const format = `${what} [{bar}] {value} of {total}, about {eta_formatted} left`;
    const bar = new SingleBar({ stream: process.stderr, format, barsize: 24, gracefulExit: false });
    bar.start(total, 0);
    return { at: (done) => bar.update(done), end: () => bar.stop() };
  }
  let toldAt = performance.now();
  const at = (done: number): void => {
    if (performance.now() - toldAt < TELL_EACH_MS) return;
    toldAt = performance.now();
    console.error(`${what}: ${done}${total === undefined ? '' : ` of ${total}`}`);
  };
  return { at, end: () => undefined };
}
