import { SingleBar } from 'cli-progress';
import type { Broadcast, Run } from '../bridge-operations.ts';
import { countsText, durationOf, runText, settled } from './broadcast-lines.ts';

/** Shows how far a run is. */
export interface Progress {
  /** `run` is undefined as long as none has begun. */
  show(broadcast: Broadcast, run: Run | undefined): void;
  /** Leaves the terminal as it was. */
  end(): void;
}

/** A bar on a terminal; lines, one for each change, where the output is a file or a pipe. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? barOn(stream) : linesOn(stream);
}

function linesOn(stream: NodeJS.WriteStream): Progress {
  let last = '';
  return {
    show(broadcast, run) {
      const line = run ? runText(run) : waitingLine(broadcast);
      if (line !== last) stream.write(`${line}\n`);
      last = line;
    },
    end: () => undefined,
  };
}

function barOn(stream: NodeJS.WriteStream): Progress {
  // Whoever watches ends the bar: its own way at a signal would leave before the last words are said.
  const bar = new SingleBar({ stream, format: '{state} [{bar}] {text}', barsize: 24, gracefulExit: false });
  const waiting = linesOn(stream);
  let isStarted = false;
  return {
    show(broadcast, run) {
      if (!run) return waiting.show(broadcast, run);
      const payload = { state: run.state, text: `${countsText(run)}${remaining(run)}` };
      if (!isStarted) bar.start(run.recipients, settled(run), payload);
      isStarted = true;
      bar.setTotal(run.recipients);
      bar.update(settled(run), payload);
    },
    end: () => bar.stop(),
  };
}

function remaining(run: Run): string {
  const left = run.recipients - settled(run);
  if (!run.perMinute || !run.isPlanned || left <= 0) return '';
  return `, about ${durationOf((left / run.perMinute) * 60)} left`;
}

function waitingLine({ state, nextAt }: Broadcast): string {
  return nextAt === null ? `${state}: no run has begun` : `${state}: the next run begins at ${nextAt}`;
}
