import type { HttpRequest, HttpSend } from '../../../functions/io/https.ts';
import type { Transport } from '../../../functions/rules/maiagent/outcome.ts';

/** MaiAgent between two changes of its mood. */
export interface Mooded {
  mood: Mood;
  /** The contact that it does not like. */
  readonly disliked: string | undefined;
  /** True once conversations could not be read. */
  wasBlind: boolean;
  /** Contacts because of whom a request was refused. */
  readonly refused: Set<string>;
}

type Row = (request: HttpRequest, send: HttpSend, of: Mooded) => Promise<Transport>;

const isBroadcast = ({ url }: HttpRequest): boolean => url.pathname.includes('broadcast-message');
const reply = (status: number, body = '', headers = {}): Transport => ({ kind: 'reply', status, headers, body });

async function silent(request: HttpRequest, send: HttpSend): Promise<Transport> {
  const answer = await send(request);
  return isBroadcast(request) ? { kind: 'reply-lost' } : answer;
}

/** How MaiAgent behaves beside the faults of the adversary, a row each. It says at once what it will not answer; whoever asked waits as long as for any answer. */
export const moods = {
  'maiagent-well': (request, send) => send(request),
  /** Nobody can connect. */
  'maiagent-down': async () => ({ kind: 'not-sent' }),
  /** It refuses to send for now. */
  'maiagent-busy': async (request, send) =>
    isBroadcast(request) ? reply(429, '', { 'retry-after': '30' }) : send(request),
  /** The message goes out and the answer is lost; `-once`: for the first request alone. */
  'maiagent-silent': silent,
  'maiagent-silent-once': (request, send, of) => {
    if (isBroadcast(request)) of.mood = 'maiagent-well';
    return silent(request, send);
  },
  /** Neither message nor answer. */
  'maiagent-deaf': async (request, send) => (isBroadcast(request) ? { kind: 'reply-lost' } : send(request)),
  /** Conversations cannot be read. Of contacts it still tells: who does not answer even that is away, and is looked at again and again. */
  'maiagent-blind': async (request, send, of) => {
    if (isBroadcast(request) || request.url.pathname.endsWith('/contacts/')) return send(request);
    of.wasBlind = true;
    return reply(500);
  },
  /** It refuses a request that names one contact. */
  'maiagent-picky': async (request, send, of) => {
    if (!isBroadcast(request) || of.disliked === undefined || !request.body?.includes(of.disliked))
      return send(request);
    of.refused.add(of.disliked);
    return reply(400, '{"contactIds":["Not a valid id."]}');
  },
} satisfies Record<string, Row>;
export type Mood = keyof typeof moods;

export const inMood: Row = (request, send, of) => moods[of.mood](request, send, of);
