import type { HttpRequest, HttpSend } from '../../../functions/io/https.ts';

const isBroadcast = ({ url }: HttpRequest): boolean => url.pathname.includes('broadcast-message');

/** How MaiAgent behaves for one broadcast, beside the faults of the adversary. */
export class MaiAgentMood {
  /**
   * `maiagent-well`; `-silent`: the message goes out and the answer is lost; `-silent-once`: for the first request alone; `-deaf`: neither
   * message nor answer; `-down`: nobody can connect; `-busy`: it refuses to send for now; `-blind`: conversations cannot be read; `-picky`: it refuses a request that names
   * one contact.
   */
  now:
    | 'maiagent-well'
    | 'maiagent-silent'
    | 'maiagent-silent-once'
    | 'maiagent-deaf'
    | 'maiagent-down'
    | 'maiagent-busy'
    | 'maiagent-blind'
    | 'maiagent-picky' = 'maiagent-well';
  /** The contact that it does not like. */
  refused: string | undefined;
  /** True once conversations could not be read. */
  wasBlind = false;

  /** The way to a MaiAgent in this mood. It says at once what it will not answer; whoever asked waits as long as for any answer. */
  over(send: HttpSend): HttpSend {
    const lost = { kind: 'reply-lost' } as const;
    return async (request) => {
      switch (this.now) {
        case 'maiagent-well':
          return send(request);
        case 'maiagent-down':
          return { kind: 'not-sent' };
        case 'maiagent-busy':
          if (!isBroadcast(request)) return send(request);
          return { kind: 'reply', status: 429, headers: { 'retry-after': '30' }, body: '' };
        case 'maiagent-silent':
          if (!isBroadcast(request)) return send(request);
          await send(request);
          return lost;
        case 'maiagent-silent-once':
          if (!isBroadcast(request)) return send(request);
          this.now = 'maiagent-well';
          await send(request);
          return lost;
        case 'maiagent-deaf':
          return isBroadcast(request) ? lost : send(request);
        case 'maiagent-blind':
          // Of contacts it still tells: who does not answer even that is away, and is looked at again and again.
          if (isBroadcast(request) || request.url.pathname.endsWith('/contacts/')) return send(request);
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
