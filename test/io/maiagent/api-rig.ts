import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../../functions/io/clock.ts';
import { HttpContactApi, type MaiAgent } from '../../../functions/io/maiagent/contact-api.ts';
import { httpSender } from '../../../functions/io/https.ts';
import { cachedSecret, type Secret } from '../../../functions/io/aws/secrets.ts';
import type { DesiredContact } from '../../../functions/rules/contacts/desired.ts';

export const inboxId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01';
export const otherInboxId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a02';
export const apiKey = 'sampleKey';

/** By the monotonic clock: far longer than anything on one machine takes, however slow that is. */
export const soon = (ms = 200_000): number => systemClock.elapsed() + ms;

/** The client of the Contact API, with the sample key and the sample inbox unless a test says otherwise. */
export function apiFor(origin: string, changes: Partial<MaiAgent> = {}, key: Secret = keyOf(apiKey)): HttpContactApi {
  const maiAgent: MaiAgent = { origin, prefix: '/api/v1', inboxId, clearWith: 'empty', ...changes };
  return new HttpContactApi(maiAgent, key, httpSender(), systemClock);
}

/** A key that is always the same. */
export const keyOf = (key: string): Secret => cachedSecret(() => Promise.resolve(key), Date.now);

/** A contact with some fields filled and some empty. */
export const desiredContact: DesiredContact = {
  name: 'Sample Member',
  email: '',
  phoneNumber: '+886912345678',
  avatar: '',
  queryMetadata: {
    knowledge_bases: [{ knowledge_base_id: 'c0a80101-0000-4000-8000-000000000001', has_user_selected_all: 'True' }],
  },
  metadata: [{ key: 'department', value: 'Sales' }],
};

interface Seen {
  readonly method: string | undefined;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** A server on this machine that keeps what it was asked. */
export class Recorder {
  readonly seen: Seen[] = [];
  answer: RequestListener = (_, response) => void response.writeHead(404).end();
  readonly #server: Server = createServer((request, response) => {
    this.seen.push({ method: request.method, url: request.url ?? '', headers: request.headers });
    this.answer(request, response);
  });

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export const answerJson =
  (status: number, body: unknown): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
