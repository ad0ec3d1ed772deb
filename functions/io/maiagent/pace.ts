import { retryAfterMs, type Refusal, type Transport } from '../../rules/maiagent/outcome.ts';
import type { Clock } from '../clock.ts';
import type { HttpRequest, HttpSend } from '../https.ts';

/** Sends requests at a limited rate, and knows of a pause that MaiAgent asked for. */
export type Pace = ReturnType<typeof paced>;

/** The pause after a 429 without `Retry-After`. */
const PAUSE_MS = 5_000;

/** Sends at most one request in `intervalMs`, counted from start to start, in the order in which they were asked for. */
export function paced(send: HttpSend, intervalMs: number, clock: Clock) {
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
    /** The ms until the `Retry-After` of the last 429 has passed; 0 if there is none. */
    pausedMs: () => Math.max(0, Math.ceil(pausedUntil - clock.elapsed())),
    /** Waits for a place in the rate, for a request that is sent without this pace. What may become outdated is prepared after it. */
    awaitTurn: () => take(waitingMs()),
    /** Takes note of a reply to a request that was sent without this pace. */
    noteReply: ({ status, retryAfterMs: retryAfter }: Pick<Refusal, 'status' | 'retryAfterMs'>) => {
      if (status === 429) pause(retryAfter);
    },
    send: async (request: HttpRequest): Promise<Transport> => {
      const waitMs = waitingMs();
      // A request that would time out while it waits is not sent, and takes no place in the rate.
      if (waitMs >= request.timeoutMs) return { kind: 'not-sent' };
      const until = clock.elapsed() + request.timeoutMs;
      await take(waitMs);
      // The process may have been frozen meanwhile: then the time is over, and nothing is sent.
      const transport = await send({ ...request, timeoutMs: until - clock.elapsed() });
      if (transport.kind === 'reply' && transport.status === 429) {
        const { headers } = transport;
        pause(retryAfterMs(headers['retry-after'], headers['date']));
      }
      return transport;
    },
  };
}
