import { randomBytes } from 'node:crypto';
import type { Clock } from '../../functions/io/clock.ts';
import type { HttpRequest, HttpSend } from '../../functions/io/https.ts';
import { readContact } from '../../functions/io/maiagent/contact-wire.ts';
import { HttpContactApi, type MaiAgent } from '../../functions/io/maiagent/contact-api.ts';
import { readPageOf } from '../../functions/io/maiagent/page.ts';
import type { Contact } from '../../functions/rules/maiagent/contact-search.ts';
import { retryAfterMs } from '../../functions/rules/maiagent/outcome.ts';
import { parsedJson } from '../http/body.ts';

/** What MaiAgent answered, as it stands on the wire; the body is undefined where it is no JSON. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** MaiAgent does not answer so that anything can be found out. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

export const scratchPrefix = 'contact-bridge-probe-';
const scratchName = /^contact-bridge-probe-[0-9a-f]{16}$/;
const callMsMax = 15_000;
const pauseMsDefault = 5_000;
const triesMax = 4;
/** A round takes away what one page shows. */
const roundsMax = 10;

/** A contact is removed only where it shows by itself that this program made it: by its sourceId, or where it has none, by its name. */
const isScratch = ({ sourceId, name }: Contact): boolean => scratchName.test(sourceId ?? name);

/** Contacts to try things with, and the only way to MaiAgent that a probe has. A 429 is obeyed, here and nowhere else. */
export class Scratch {
  readonly place: MaiAgent;
  /** What the bridge itself would see. */
  readonly api: HttpContactApi;
  /** Each pause that MaiAgent asked for, in ms; `undefined` where it did not say how long. */
  readonly pauses: (number | undefined)[] = [];
  calls = 0;
  readonly #made = new Set<string>();
  readonly #headers: Readonly<Record<string, string>>;
  readonly #send: HttpSend;
  readonly #clock: Clock;

  constructor(place: MaiAgent, apiKey: string, send: HttpSend, clock: Clock) {
    this.place = place;
    this.#clock = clock;
    this.#headers = {
      authorization: `Api-Key ${apiKey}`,
      accept: 'application/json',
      'content-type': 'application/json',
    };
    this.#send = async (request) => {
      for (let tries = 1; ; tries += 1) {
        this.calls += 1;
        const transport = await send(request);
        if (transport.kind !== 'reply' || transport.status !== 429 || tries === triesMax) return transport;
        const { 'retry-after': after, date } = transport.headers;
        const pauseMs = retryAfterMs(after, date);
        this.pauses.push(pauseMs);
        await clock.sleep(pauseMs ?? pauseMsDefault);
      }
    };
    const key = { read: async () => apiKey, readAgain: async () => apiKey };
    this.api = new HttpContactApi(place, key, this.#send, clock);
  }

  /** A name that no run has used, of the form by which every run knows what it may remove. */
  newName = (): string => scratchPrefix + randomBytes(8).toString('hex');

  get until(): number {
    return this.#clock.elapsed() + callMsMax;
  }

  /** One call below `contacts`; `path` begins with its slash or its question mark. Throws `Stopped` where no reply comes. */
  async ask(method: HttpRequest['method'], path: string, body?: object): Promise<Reply> {
    const url = new URL(`${this.place.prefix}/contacts${path}`, this.place.origin);
    const text = body && { body: JSON.stringify(body) };
    const transport = await this.#send({ method, url, headers: this.#headers, timeoutMs: callMsMax, ...text });
    if (transport.kind !== 'reply') throw new Stopped(`${this.place.origin} did not answer a ${method}`);
    return { status: transport.status, body: parsedJson(transport.body) };
  }

  list(query: Readonly<Record<string, string>>): Promise<Reply> {
    return this.ask('GET', `/?${new URLSearchParams({ inboxes: this.place.inboxId, page: '1', ...query }).toString()}`);
  }

  /** Makes a contact of this sourceId, after a search for it, as the bridge does. */
  async create(sourceId: string, more: object = {}): Promise<Reply> {
    const search = await this.api.search(sourceId, this.until);
    if (search.kind === 'inconclusive') throw new Stopped('a search cannot be read, and nothing is made without one');
    const inboxes = [{ id: this.place.inboxId }];
    const reply = await this.ask('POST', '/', { name: sourceId, sourceId, inboxes, ...more });
    const id = isTaken(reply) ? readContact(reply.body)?.id : undefined;
    if (id !== undefined) this.#made.add(id);
    return reply;
  }

  async remove(id: string): Promise<void> {
    const { kind } = await this.api.remove(id, this.until);
    if (kind === 'done') this.#made.delete(id);
  }

  /** Removes the contacts of this run and those that an earlier one had to leave. Answers how many of them are still there. */
  async clear(): Promise<number> {
    for (let rounds = 1; ; rounds += 1) {
      const found = readPageOf(readContact)((await this.list({ query: scratchPrefix, pageSize: '100' })).body);
      if (!found) throw new Stopped('the list of contacts cannot be read');
      const ids = new Set([...this.#made, ...found.items.filter(isScratch).map(({ id }) => id)]);
      if (ids.size === 0 || rounds > roundsMax) return ids.size;
      for (const id of ids) await this.#removeProven(id);
    }
  }

  /** A reply may have been about another contact than ours: the contact itself has to say that it is one of these. */
  async #removeProven(id: string): Promise<void> {
    const shown = await this.api.retrieve(id, this.until);
    if (shown.kind === 'done' && isScratch(shown.value)) await this.remove(id);
    else if (shown.kind === 'done' || (shown.kind === 'refused' && shown.status === 404)) this.#made.delete(id);
  }
}

export const isTaken = ({ status }: Reply): boolean => status === 200 || status === 201;
