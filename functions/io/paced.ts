import { retryAfterMs } from '../rules/outcome.ts';
import type { Clock } from './clock.ts';
import type { HttpSend } from './https.ts';

/** A way to send that keeps a distance between requests, and that knows of a pause that MaiAgent asked for. */
export interface Pace {
  readonly send: HttpSend;
  /** True until the `Retry-After` of the last 429 has passed. */
  isPaused(): boolean;
}

/** What a 429 without `Retry-After` asks for. */
const PAUSE_MS = 5_000;

/** Sends at most one request in `intervalMs`, counted from start to start, in the order in which they were asked for. */
export function paced(send: HttpSend, intervalMs: number, clock: Clock): Pace {
  let nextAt = 0;
  let pausedUntil = 0;
  return {
    isPaused: () => clock.elapsed() < pausedUntil,
    async send(request) {
      const waitMs = Math.max(0, nextAt - clock.elapsed());
      // A request whose time would be over by then is not sent, and does not take anybody's turn.
      if (waitMs >= request.timeoutMs) return { kind: 'not-sent' };
      nextAt = Math.max(nextAt, clock.elapsed()) + intervalMs;
      if (waitMs > 0) await clock.sleep(waitMs);
      const transport = await send({ ...request, timeoutMs: request.timeoutMs - waitMs });
      if (transport.kind === 'reply' && transport.status === 429) {
        const { headers } = transport;
        pausedUntil = clock.elapsed() + (retryAfterMs(headers['retry-after'], headers['date']) ?? PAUSE_MS);
      }
      return transport;
    },
  };
}
