import { retryAfterMs } from '../../rules/maiagent/outcome.ts';
import type { Clock } from '../clock.ts';
import type { HttpSend } from '../https.ts';

/** A way to send that keeps a distance between requests, and that knows of a pause that MaiAgent asked for. */
export interface Pace {
  readonly send: HttpSend;
  /** Waits for a turn, for a request that is then sent past this pace: what must not grow old while it waits is made after it. */
  awaitTurn(): Promise<void>;
  /** Hears a reply that came past this pace. */
  noteReply(failure: { readonly status: number | undefined; readonly retryAfterMs: number | undefined }): void;
  /** In how many ms the `Retry-After` of the last 429 has passed; 0 when it has. */
  pausedMs(): number;
}

/** What a 429 without `Retry-After` asks for. */
const PAUSE_MS = 5_000;

/** Sends at most one request in `intervalMs`, counted from start to start, in the order in which they were asked for. */
export function paced(send: HttpSend, intervalMs: number, clock: Clock): Pace {
  let nextAt = 0;
  let pausedUntil = 0;
  const waitingMs = (): number => Math.max(0, nextAt - clock.elapsed());
  const take = async (waitMs: number): Promise<void> => {
    nextAt = Math.max(nextAt, clock.elapsed()) + intervalMs;
    if (waitMs > 0) await clock.sleep(waitMs);
  };
  const pause = (retryAfter: number | undefined): void => {
    pausedUntil = clock.elapsed() + (retryAfter ?? PAUSE_MS);
  };
  return {
    pausedMs: () => Math.max(0, Math.ceil(pausedUntil - clock.elapsed())),
    awaitTurn: () => take(waitingMs()),
    noteReply: ({ status, retryAfterMs: retryAfter }) => status === 429 && pause(retryAfter),
    async send(request) {
      const waitMs = waitingMs();
      // A request whose time would be over by then is not sent, and does not take anybody's turn.
      if (waitMs >= request.timeoutMs) return { kind: 'not-sent' };
      await take(waitMs);
      const transport = await send({ ...request, timeoutMs: request.timeoutMs - waitMs });
      if (transport.kind === 'reply' && transport.status === 429) {
        const { headers } = transport;
        pause(retryAfterMs(headers['retry-after'], headers['date']));
      }
      return transport;
    },
  };
}
