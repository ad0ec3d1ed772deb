import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import type { Switches } from '../../local/emulator/state/switches.ts';

export const inboxId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01';
export const otherInboxId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a02';
export const apiKey = 'samplekey0123456789';

/** A server of the Contact API, and the key and the inbox to use there. */
export interface Platform {
  origin: string;
  apiKey: string;
  inboxId: string;
}

/**
 * The real MaiAgent of `MAIAGENT_LIVE='https://origin|apiKey|inboxId'`, or undefined where the variable is not set.
 * Then only the contract tests run, against it.
 */
export const live = parseLive(process.env['MAIAGENT_LIVE']);

function parseLive(text: string | undefined): Platform | undefined {
  if (text === undefined || text === '') return undefined;
  const [origin = '', key = '', inbox = '', ...rest] = text.split('|');
  const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin;
  if (!isOrigin || key === '' || inbox === '' || rest.length > 0) {
    throw new Error("MAIAGENT_LIVE takes 'https://origin|apiKey|inboxId'.");
  }
  return { origin, apiKey: key, inboxId: inbox };
}

export type Json = Record<string, unknown>;

/** A reply as it came over the wire; `json` is null where the body is empty or no JSON object. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: Json;
}

interface Send {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** One real request; a body that is a string is sent as it is, anything else as JSON. Redirects are not followed. */
export async function request(url: string, method: string, { body, headers, signal }: Send = {}): Promise<Answer> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    signal: signal ?? null,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

/** One request to the API with the key, below `/api/v1/`. */
export function call(platform: Platform, method: string, path: string, send: Send = {}): Promise<Answer> {
  const headers = { authorization: `Api-Key ${platform.apiKey}`, ...send.headers };
  return request(`${platform.origin}/api/v1/${path}`, method, { ...send, headers });
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}

/** An emulator for the tests of one file, emptied before each test. */
export interface Bench {
  emulator: Emulator;
  /** A request with the key, below `/api/v1/`. */
  api: (method: string, path: string, body?: unknown, send?: Omit<Send, 'body'>) => Promise<Answer>;
  /** Creates a contact by the API, 201 or throws, and gives its id. */
  create: (fields?: Json) => Promise<string>;
}

/** Starts an emulator with two inboxes for the tests of the surrounding `describe`. */
export function useEmulator(switches: Partial<Switches> = {}): Bench {
  const bench = {} as Bench;
  beforeAll(async () => {
    const inboxes = [
      { id: inboxId, name: 'Sample inbox' },
      { id: otherInboxId, name: 'Other inbox', webChatId: 'other-web-chat' },
    ];
    bench.emulator = await startEmulator({ apiKey, inboxes, switches: { racyWaitMs: 5, ...switches } });
  });
  beforeEach(() => bench.emulator.reset());
  afterAll(() => bench.emulator.close());
  bench.api = (method, path, body, send) =>
    call({ origin: bench.emulator.url, apiKey, inboxId }, method, path, { ...send, body });
  bench.create = async (fields) => {
    const answer = await bench.api('POST', 'contacts/', newContact(fields));
    if (answer.status !== 201) throw new Error(`Create answered ${answer.status}: ${answer.text}`);
    return String(answer.json['id']);
  };
  return bench;
}

/** The body of a create with a sourceId that nobody else has. */
export function newContact(fields: Json = {}): Json {
  return { name: 'Sample Member', inboxes: [{ id: inboxId }], sourceId: `sample-${randomUUID()}`, ...fields };
}

/** The contacts (or conversations) of a page. */
export function resultsOf(answer: Answer): Json[] {
  const results = answer.json['results'] as unknown[];
  return results.flat() as Json[];
}
