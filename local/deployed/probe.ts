import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../functions/io/clock.ts';
import { objectOf, readContact } from '../../functions/io/maiagent/contact-wire.ts';
import { readPageOf } from '../../functions/io/maiagent/page.ts';
import { isTaken, type Reply, type Scratch, scratchPrefix, Stopped } from './scratch.ts';

/** One thing that MaiAgent's documents leave open, by the name of the emulator's switch for it where there is one. */
export interface Reading {
  readonly asks: string;
  /** `unknown` where it could not be told. */
  readonly saw: string | number | boolean;
  readonly says: string;
}

/** What a probe saw, and what a stage should say because of it. */
export type Probed = Awaited<ReturnType<typeof probe>>;

/** So many calls at most, where no pause is asked for: a test holds it. */
export const probeCallsMax = 110;
export const burst = 10;
/** One more than what the bridge asks for. */
const pageSizeAsked = 101;
const email = 'probe@contact-bridge.invalid';
const phoneNumber = '+15550100';
/** Lists that name nothing, so that nothing has to be there. */
const queryMetadata = { knowledge_bases: [], label_relations: { operator: 'OR', conditions: [] } };
const searchPauses = [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000];

/**
 * Finds out on scratch contacts what MaiAgent does, and removes them and those of an earlier run that was killed. What it finds weakens
 * nothing: the bridge is right under every reading, and a search precedes each create.
 */
export async function probe(scratch: Scratch, clock: Clock) {
  const readings: Reading[] = [];
  const note = (asks: string, saw: Reading['saw'], says: string): void => void readings.push({ asks, saw, says });
  /** Why it ended early, if it did. */
  let stopped: string | undefined;
  try {
    await scratch.clear();
    await lookAtLists(scratch, note);
    const first = await lookAtOne(scratch, note);
    await lookAtSearch(scratch, first, clock, note);
    await lookAtUpdates(scratch, first.id, note);
    await lookAtUniqueness(scratch, first.sourceId, note);
    await lookAtRest(scratch, first.id, note);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    stopped = error.message;
  }
  /** How many scratch contacts could not be removed; `undefined` where MaiAgent does not tell. */
  const left = await scratch.clear().catch((error: unknown) => {
    if (error instanceof Stopped) return undefined;
    throw error;
  });
  return { readings, settings: settingsAfter(readings), calls: scratch.calls, left, ...(stopped && { stopped }) };
}

type Note = (asks: string, saw: Reading['saw'], says: string) => void;
interface Made {
  readonly id: string;
  readonly sourceId: string;
}

async function lookAtLists(scratch: Scratch, note: Note): Promise<void> {
  const page = readPageOf(readContact)((await scratch.list({ pageSize: `${pageSizeAsked}` })).body);
  if (!page) throw new Stopped('the list of contacts cannot be read');
  const [got, all] = [page.items.length + page.unreadable, page.count ?? 0];
  const largest = got >= pageSizeAsked ? 'none' : all > got ? got : 'unknown';
  note('maxPageSize', largest, `${got} of ${all} came where ${pageSizeAsked} were asked for`);
  const { status } = await scratch.ask('GET', `?inboxes=${scratch.place.inboxId}&pageSize=1`);
  const found: Record<number, string> = { 200: 'serve', 301: 'redirect301', 404: '404' };
  note('noSlash', found[status] ?? 'unknown', `a path without its last slash is answered with ${status}`);
}

async function made(scratch: Scratch, more?: object): Promise<Made & { readonly reply: Reply }> {
  const sourceId = scratch.newName();
  const reply = await scratch.create(sourceId, more);
  const id = isTaken(reply) ? readContact(reply.body)?.id : undefined;
  if (id === undefined) throw new Stopped(`a contact could not be made: MaiAgent answered ${reply.status}`);
  return { id, sourceId, reply };
}

async function lookAtOne(scratch: Scratch, note: Note): Promise<Made> {
  const metadata = [{ key: 'probe', value: 'yes' }];
  const { id, sourceId, reply } = await made(scratch, { email, phoneNumber, queryMetadata, metadata });
  const echoed = objectOf(reply.body) ?? {};
  const whole = readContact(echoed)?.sourceId === sourceId ? 'full' : 'sparse';
  note('echo', Object.keys(echoed).length === 1 ? 'id' : whole, 'what the reply to a create holds');
  const shown = objectOf((await scratch.ask('GET', `/${id}/`)).body) ?? {};
  note('responseCase', 'source_id' in shown ? 'snake' : 'camel', 'the keys of a contact');
  const at = shown['createdAt'] ?? shown['created_at'];
  note('timestamps', /^\d{13}$/.test(String(at)) ? 'epochMsString' : 'iso', 'the form of createdAt');
  note('metadataOut', Array.isArray(shown['metadata']) ? 'array' : 'object', 'the form of metadata');
  const back = shown['queryMetadata'] ?? shown['query_metadata'];
  const came = isDeepStrictEqual(back, queryMetadata) ? 'kept' : undefined;
  const renamed = 'knowledgeBases' in (objectOf(back) ?? {}) ? 'camel' : 'changed';
  note('nestedKeys', came ?? renamed, 'what comes back of queryMetadata');
  return { id, sourceId };
}

async function lookAtSearch(scratch: Scratch, first: Made, clock: Clock, note: Note): Promise<void> {
  const second = await made(scratch);
  const madeMs = clock.elapsed();
  let missedMs = 0;
  let foundMs: number | undefined;
  for (const pauseMs of searchPauses) {
    await clock.sleep(pauseMs);
    const ms = Math.ceil(clock.elapsed() - madeMs);
    const search = await scratch.api.search(second.sourceId, scratch.until);
    if (search.kind === 'found') foundMs = ms;
    if (foundMs !== undefined) break;
    missedMs = ms;
  }
  const says = `a new contact was missed at ${missedMs} ms, and found at ${foundMs ?? 'none of the looks'}`;
  note('searchDelayMs', missedMs === 0 ? 0 : (foundMs ?? 'unknown'), says);
  const { body } = await scratch.list({ query: scratchPrefix, pageSize: '100' });
  const [result] = [objectOf(body)?.['results']].flat();
  note('resultsShape', Array.isArray(result) ? 'nested' : 'flat', 'the results of a page');
  const ids = readPageOf(readContact)(body)?.items.map(({ id }) => id) ?? [];
  const places = [ids.indexOf(first.id), ids.indexOf(second.id)] as const;
  const order = places[0] < places[1] ? 'oldest' : 'newest';
  note('listOrder', places.includes(-1) ? 'unknown' : order, 'which of two contacts comes first in a list');
  const next = objectOf((await scratch.list({ query: scratchPrefix, pageSize: '1' })).body)?.['next'];
  const isOwn = URL.parse(String(next), scratch.place.origin)?.origin === new URL(scratch.place.origin).origin;
  note('nextHost', typeof next !== 'string' ? 'unknown' : isOwn ? 'request' : 'placeholder', 'the host in next');
}

async function lookAtUpdates(scratch: Scratch, id: string, note: Note): Promise<void> {
  const shown = async () => readContact((await scratch.ask('GET', `/${id}/`)).body);
  const { body } = await scratch.ask('PATCH', `/${id}/`, { phoneNumber });
  const answered = readContact(body)?.id === id ? 'full' : 'message';
  note('updateReply', body === undefined ? 'empty' : answered, 'the reply to a PATCH');
  const clears = async (method: 'PATCH' | 'PUT', nothing: '' | null) => {
    await scratch.ask('PATCH', `/${id}/`, { email });
    const { sourceId, name, email: before } = (await shown()) ?? {};
    const rest = method === 'PUT' ? { sourceId, name, inboxes: [{ id: scratch.place.inboxId }] } : {};
    await scratch.ask(method, `/${id}/`, { ...rest, email: nothing });
    return before !== undefined && (await shown())?.email === undefined;
  };
  const [empty, none] = [await clears('PATCH', ''), await clears('PATCH', null)];
  const clearWith = empty ? 'empty' : none ? 'null' : 'unknown';
  note('clearWith', clearWith, `a PATCH clears with "": ${empty}, with null: ${none}`);
  await scratch.ask('PATCH', `/${id}/`, { phoneNumber });
  note('putClears', await clears('PUT', empty ? '' : null), 'whether a PUT with an empty value clears');
  // That PUT has left the phone number out.
  const isKept = (await shown())?.phoneNumber !== undefined;
  note('putSemantics', isKept ? 'merge' : 'replace', 'what becomes of a field that a PUT leaves out');
}

async function lookAtUniqueness(scratch: Scratch, taken: string, note: Note): Promise<void> {
  const again = await scratch.create(taken);
  const sourceId = scratch.newName();
  const both = await Promise.all([scratch.create(sourceId), scratch.create(sourceId)]);
  const unique = both.every(isTaken) ? 'racy' : 'atomic';
  note('uniqueness', isTaken(again) ? 'none' : unique, 'a second contact with one sourceId: later, and at once');
  note('dupStatus', isTaken(again) ? 'unknown' : again.status, 'how a duplicate is refused');
  const gone = await made(scratch);
  await scratch.remove(gone.id);
  const reused = await scratch.create(gone.sourceId);
  note('reuseSourceIdAfterDelete', isTaken(reused), `one of a removed contact is answered with ${reused.status}`);
}

async function lookAtRest(scratch: Scratch, id: string, note: Note): Promise<void> {
  const nameless = await scratch.create(scratch.newName(), { name: undefined });
  const named = isTaken(nameless) ? readContact(nameless.body)?.name || '匿名' : `error${nameless.status}`;
  note('nameDefault', named, 'what a create without a name gets');
  // A contact without a conversation cannot be sent to: the reply alone is of interest.
  const sent = await scratch.ask('POST', '/broadcast-message/', { message: 'probe', contactIds: [id] });
  const [, keys = 'unknown'] =
    Object.entries({ total_contacts: 'snake', totalContacts: 'camel' }).find(
      ([key]) => key in (objectOf(sent.body) ?? {}),
    ) ?? [];
  note('broadcastCase', keys, 'the keys of a broadcast’s reply');
  const before = scratch.pauses.length;
  await Promise.all(Array.from({ length: burst }, () => scratch.list({ query: scratchPrefix, pageSize: '1' })));
  const pauses = scratch.pauses.slice(before);
  const saidMs = pauses.find((ms) => ms !== undefined);
  const told = saidMs === undefined ? '' : `, with a Retry-After of ${saidMs / 1_000} s`;
  note('rateLimit', pauses.length > 0, `${pauses.length} of ${burst} reads at once were refused with 429${told}`);
}

function settingsAfter(readings: readonly Reading[]): string[] {
  const saw = (asks: string, what: Reading['saw']) => readings.some((one) => one.asks === asks && one.saw === what);
  const paces = `maiAgentLimits.requestsPerSecond and broadcasts.requestsPerSecond: below ${burst}`;
  return [...(saw('clearWith', 'null') ? ["clearWith: 'null'"] : []), ...(saw('rateLimit', true) ? [paces] : [])];
}
