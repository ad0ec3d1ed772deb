import type { Clock } from '../../../functions/io/clock.ts';
import type { HttpRequest, HttpSend } from '../../../functions/io/https.ts';

const isBroadcast = ({ url }: HttpRequest): boolean => url.pathname.includes('broadcast-message');

/** How MaiAgent behaves for one broadcast, beside the faults of the adversary. */
export class MaiAgentMood {
  /**
   * `maiagent-well`; `-silent`: the message goes out and the answer is lost; `-deaf`: neither; `-down`: nobody can connect; `-blind`:
   * conversations cannot be read; `-picky`: it refuses a request that names one contact.
   */
  now: 'maiagent-well' | 'maiagent-silent' | 'maiagent-deaf' | 'maiagent-down' | 'maiagent-blind' | 'maiagent-picky' =
    'maiagent-well';
  /** The contact that it does not like. */
  refused: string | undefined;
  /** True once conversations could not be read. */
  wasBlind = false;

  /** The way to a MaiAgent in this mood. */
  over(send: HttpSend, clock: Clock & { advance(ms: number): void }): HttpSend {
    const lose = (request: HttpRequest) => {
      clock.advance(request.timeoutMs);
      return { kind: 'lost' } as const;
    };
    return async (request) => {
      switch (this.now) {
        case 'maiagent-well':
          return send(request);
        case 'maiagent-down':
          return { kind: 'not-sent' };
        case 'maiagent-silent':
          if (!isBroadcast(request)) return send(request);
          await send(request);
          return lose(request);
        case 'maiagent-deaf':
          return isBroadcast(request) ? lose(request) : send(request);
        case 'maiagent-blind':
          if (isBroadcast(request)) return send(request);
          this.wasBlind = true;
          return { kind: 'reply', status: 500, headers: {}, body: '' };
        case 'maiagent-picky': {
          const isRefused = isBroadcast(request) && request.body?.includes(this.refused ?? '-');
          const body = '{"contactIds":["Not a valid id."]}';
          return isRefused ? { kind: 'reply', status: 400, headers: {}, body } : send(request);
        }
      }
    };
  }
}
