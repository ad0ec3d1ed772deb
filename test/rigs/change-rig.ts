import { createHash, createHmac } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Context, DynamoDBRecord } from 'aws-lambda';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import type { PublicKeys } from '../../functions/io/public-keys.ts';
import type { Clock } from '../../functions/io/clock.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { DynamoFullReads } from '../../functions/io/stores/full-reads.ts';
import { DynamoDueReads, type DueReads } from '../../functions/io/stores/due-reads.ts';
import { requestSigner } from '../../functions/io/stores/sign-request.ts';
import { userStores } from '../../functions/io/stores/user-stores.ts';
import { DynamoIntake } from '../../functions/io/aws/intake.ts';
import { DynamoQuarantine } from '../../functions/io/aws/quarantine.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { SEGMENTS } from '../../functions/rules/evaluation.ts';
import { DynamoErasures } from '../../functions/io/aws/erasures.ts';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { DynamoDueLinks } from '../../functions/io/aws/due-links.ts';
import { paced } from '../../functions/io/maiagent/pace.ts';
import { SharedPause } from '../../functions/io/maiagent/pause.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { sourceSchema, type SourceDeclaration } from '../../functions/rules/sources/source.ts';
import { isOutstanding, type Link } from '../../functions/rules/contacts/link.ts';
import type { Settings } from '../../functions/env.ts';
import type { HttpHandler } from '../../functions/http.ts';
import { sync, type SyncEvent } from '../../functions/sync.ts';
import { userChanged, type UserChangedEvent } from '../../functions/user-changed.ts';
import { call, type SampleAnswer, type SampleRequest } from './gateway-event.ts';
import { inboxId, type RealDeps } from './real-parts.ts';
import { permitted } from './permitted.ts';
import { sampleSettings } from './sample-settings.ts';

export const streamArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/Users/stream/2026-01-01T00:00:00.000';
/** A secret of the webhook source, as its user would paste it. */
export const webhookSecret = (seed: string): string =>
  `whsec_${createHash('sha256').update(seed).digest().toString('base64')}`;

/** A webhook source and a user table, the webhook being the stronger. */
export const sampleSources: SourceDeclaration[] = [
  sourceSchema.parse({ kind: 'generic', name: 'generic' }),
  sourceSchema.parse({
    kind: 'table',
    name: 'users',
    streamArn,
    key: 'userId',
    version: { path: 'version', counts: 'sequence' },
    status: { path: 'status', active: ['active'] },
  }),
];

/** The segments of the table, all of them: for whoever has nothing to evaluate again. */
export const everySegment = (): Set<number> => new Set(Array.from({ length: SEGMENTS }, (_, segment) => segment));

interface Ways {
  readonly client: DynamoDBClient;
  readonly send: HttpSend;
}

interface SyncWays {
  readonly requestsPerSecond?: number;
  readonly clock?: Clock;
  readonly send?: HttpSend;
  readonly client?: DynamoDBClient;
}

/** The jobs `user-changed` and `sync` in this process, over the same real parts as identify. */
export class ChangeRig {
  readonly #real: RealDeps;
  settings: Settings;
  /** All segments: the tests that evaluate links again empty it. */
  readonly finished = everySegment();
  key = 'sampleKey';
  /** The webhook source signs with the last one; all of them are good. */
  secrets = [webhookSecret('a sample secret')];
  /** The secrets of further sources. */
  otherSecrets: Readonly<Record<string, readonly string[]>> = {};
  keys: PublicKeys = { read: () => Promise.reject(new Error('no source here has keys')) };
  #events = 0;
  /** One for all calls, as in a process: tokens are kept from one to the next. */
  readonly #stores: ReturnType<typeof userStores>;

  constructor(real: RealDeps, settings: Partial<Settings> = {}) {
    this.#real = real;
    this.#stores = this.#storesBy(httpSender());
    this.settings = { ...sampleSettings, sources: sampleSources, ...settings };
  }

  #storesBy(send: HttpSend): ReturnType<typeof userStores> {
    const { clock } = this.#real;
    const sign = requestSigner({ accessKeyId: 'sample', secretAccessKey: 'sample' }, clock);
    return userStores((name) => Promise.resolve(this.otherSecrets[name] ?? []), send, sign, clock);
  }

  #linksOf(client: DynamoDBClient) {
    return new DynamoLinkTable(client, 'Links', this.#real.clock);
  }

  /** `instead` replaces parts of what the job says of readings, `ways` how it reaches the table and the stores. */
  async hear(event: UserChangedEvent, instead: Partial<DueReads> = {}, ways?: Ways): Promise<unknown> {
    const { table, clock, lines } = this.#real;
    const client = permitted('user-changed', ways?.client ?? table.client);
    const job = userChanged({
      settings: this.settings,
      clock,
      links: this.#linksOf(client),
      intake: new DynamoIntake(client, 'Links', clock),
      quarantine: new DynamoQuarantine(client, 'Links', clock),
      secrets: cachedSecret(
        () => Promise.resolve(JSON.stringify({ ...this.otherSecrets, generic: this.secrets })),
        Date.now,
      ),
      keys: this.keys,
      reads: Object.assign(new DynamoDueReads(client, 'Links', clock), instead),
      fullReads: new DynamoFullReads(client, 'Links', clock),
      pages: new DynamoEvaluations(client, 'Links'),
      storeOf: ways ? this.#storesBy(ways.send) : this.#stores,
      random: this.#real.random,
      log: jsonLog('user-changed', (line) => void lines.push(line)),
    });
    return job(event, { awsRequestId: 'sample' } as Context);
  }

  /** Sends a signed event; `changes` replace parts of the request after it was signed. */
  webhook(
    body: object | string,
    changes: Partial<SampleRequest> & { id?: string; atMs?: number } = {},
  ): Promise<SampleAnswer> {
    this.#events += 1;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const id = changes.id ?? `event-${this.#events}`;
    const timestamp = String(Math.floor((changes.atMs ?? this.#real.clock.now()) / 1000));
    const key = Buffer.from(this.secrets.at(-1)?.replace('whsec_', '') ?? '', 'base64');
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64');
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
    return call((event) => this.hear(event) as ReturnType<HttpHandler>, {
      routeKey: 'POST /v1/webhooks/{source}',
      parameters: { source: 'generic' },
      rawBody: text,
      ...changes,
      headers: { ...headers, ...changes.headers },
    });
  }

  /** Hands a record of the user table's stream to the job, as Lambda would. */
  async record(
    eventName: 'INSERT' | 'MODIFY' | 'REMOVE',
    item: Record<string, unknown>,
    { id, sequence }: { readonly id?: string; readonly sequence?: number } = {},
  ): Promise<unknown> {
    this.#events += 1;
    const image = marshall(item) as never;
    const dynamodb = {
      Keys: marshall({ userId: item['userId'] }) as never,
      SequenceNumber: String(100_000_000_000_000_000_000n + BigInt(sequence ?? this.#events)),
      ...(eventName === 'REMOVE' ? { OldImage: image } : { NewImage: image }),
    };
    const record: DynamoDBRecord = {
      eventID: id ?? `record-${this.#events}`,
      eventName,
      eventSource: 'aws:dynamodb',
      eventSourceARN: streamArn,
      dynamodb,
    };
    return this.hear({ Records: [record] });
  }

  /** One invocation of `sync`, which may be given a pace, a time and a way to MaiAgent of its own. */
  async sync(
    event: SyncEvent,
    { requestsPerSecond = 1_000, clock = this.#real.clock, send = httpSender(), client: way }: SyncWays = {},
  ): Promise<unknown> {
    const { table, lines, emulator } = this.#real;
    const client = permitted('sync', way ?? table.client);
    const pace = paced(send, 1000 / requestsPerSecond, clock);
    const maiAgent = { origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
    const log = jsonLog('sync', (line) => void lines.push(line));
    const key = cachedSecret(() => Promise.resolve(this.key), Date.now);
    const over = (sender: HttpSend) => new HttpContactApi(maiAgent, key, sender, clock, log);
    return sync({
      settings: this.settings,
      clock,
      random: this.#real.random,
      log,
      links: this.#linksOf(client),
      outstanding: new DynamoDueLinks(client, 'Links'),
      evaluations: new DynamoEvaluations(client, 'Links'),
      erasures: new DynamoErasures(client, 'Links'),
      quarantine: new DynamoQuarantine(client, 'Links', clock),
      broadcasts: new DynamoBroadcastTable(client, 'Broadcasts', 'Links'),
      finished: this.finished,
      contacts: over(pace.send),
      pause: new SharedPause(client, 'Links', over(send), clock, log),
    })(event);
  }

  /** Sweeps until nothing is owed, moving the clock past every backoff and lease in between. */
  async settle(): Promise<void> {
    for (let sweeps = 0; sweeps < 20; sweeps += 1) {
      await this.sync({ sweep: true });
      if (!(await this.links()).some(isOutstanding)) return;
      this.#real.clock.advance(301_000);
    }
    throw new Error('something is still owed after twenty sweeps');
  }

  async links(): Promise<Link[]> {
    return (await this.#real.table.rows()).filter(({ pk }) => /^(user|visitor)#/.test(pk));
  }

  link(userId: string): Promise<Link | undefined> {
    return this.#linksOf(this.#real.table.client).read(`user#${userId}`);
  }

  /** Live contacts of all lives of a user that still carry anything. */
  contactsOf(userId: string) {
    const isOf = (sourceId: string | null) => sourceId === userId || sourceId?.startsWith(`${userId}~`);
    return this.#real.emulator.store.liveContacts.filter((one) => isOf(one.sourceId));
  }
}

/** An event of the generic source. */
export const event = (type: string, userId: string, version: number, data: Record<string, unknown> = {}) => ({
  type: `user.${type}`,
  timestamp: '2026-01-01T00:00:00Z',
  data: { userId, version, ...data },
});
