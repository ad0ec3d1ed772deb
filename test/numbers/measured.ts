import { createHmac } from 'node:crypto';
import { GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Context } from 'aws-lambda';
import { broadcast, type BroadcastDeps, type BroadcastEvent } from '../../functions/broadcast.ts';
import { policyOf, reserveMsOf, speedOf, type Settings } from '../../functions/env.ts';
import { identify, type IdentifyDeps } from '../../functions/identify.ts';
import { DynamoAudienceLinks } from '../../functions/io/broadcasts/audience-links.ts';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { DynamoErasures } from '../../functions/io/aws/erasures.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { DynamoDueLinks } from '../../functions/io/aws/due-links.ts';
import { DynamoDueReads } from '../../functions/io/stores/due-reads.ts';
import { DynamoFullReads } from '../../functions/io/stores/full-reads.ts';
import { DynamoIntake } from '../../functions/io/aws/intake.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { DynamoQuarantine } from '../../functions/io/aws/quarantine.ts';
import type { ScheduleRequest } from '../../functions/io/broadcasts/schedules.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import type { Clock } from '../../functions/io/clock.ts';
import { httpSender, type HttpRequest, type HttpSend } from '../../functions/io/https.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { paced } from '../../functions/io/maiagent/pace.ts';
import { SharedPause } from '../../functions/io/maiagent/pause.ts';
import { visitorTokens } from '../../functions/io/visitor-token.ts';
import { manage, type ManageDeps } from '../../functions/manage.ts';
import { identifyRoutes } from '../../functions/rules/http/routes.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { sync, type SyncDeps, type SyncEvent } from '../../functions/sync.ts';
import { userChanged, type UserChangedDeps } from '../../functions/user-changed.ts';

import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import { everySegment, sampleSources } from '../rigs/change-rig.ts';
import { call, gatewayEvent, type SampleAnswer, type SampleRequest } from '../rigs/gateway-event.ts';
import { inboxId, startTable, type Table } from '../rigs/real-parts.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';

/** A Monday morning, in the middle of an hour. */
export const START_MS = Date.UTC(2026, 0, 5, 9, 30);
const secret = Buffer.alloc(32, 'a sample secret');
const apiKey = 'sampleKey';

/** A reply of MaiAgent. */
export const reply = (status: number, retryAfter?: string, body: object = {}): Transport => ({
  kind: 'reply',
  status,
  headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  body: JSON.stringify(body),
});

/** One call of MaiAgent: when it went out, by the monotonic clock, and how long it may take. */
export interface Sent extends HttpRequest {
  readonly at: number;
}

/** Every job over real tables and the emulator, in a time that stands still but for what is waited for: every number can be read exactly. */
export class Measured implements Clock {
  readonly table: Table;
  readonly emulator: Emulator;
  readonly settings: Settings;
  readonly sent: Sent[] = [];
  readonly sleeps: number[] = [];
  readonly lines: string[] = [];
  readonly schedules = new Map<string, ScheduleRequest>();
  /** What MaiAgent does with a call instead of answering it; `undefined` lets it answer. */
  instead: ((request: HttpRequest) => Promise<Transport> | Transport | undefined) | undefined;
  /** What jitter draws. */
  random = 0.999_999;
  /** What MaiAgent itself says to a call. */
  readonly answer = httpSender();
  readonly #pace = paced((request) => this.send(request), 0, this);
  #passedMs = 0;
  #events = 0;

  static async start(settings: Partial<Settings> = {}): Promise<Measured> {
    const clock: { now: () => number } = { now: () => START_MS };
    const inboxes = [{ id: inboxId, name: 'Sample inbox' }];
    const emulator = await startEmulator({ apiKey, inboxes, now: () => clock.now() });
    const measured = new Measured(await startTable(), emulator, settings);
    clock.now = measured.now;
    return measured;
  }

  private constructor(table: Table, emulator: Emulator, settings: Partial<Settings>) {
    this.table = table;
    this.emulator = emulator;
    this.settings = { ...sampleSettings, sources: sampleSources, sendBudgetMs: 20_000, ...settings };
  }

  async close(): Promise<void> {
    await Promise.all([this.table.close(), this.emulator.close()]);
  }

  readonly now = (): number => START_MS + this.#passedMs;
  readonly elapsed = (): number => this.#passedMs;
  readonly sleep = async (ms: number): Promise<void> => {
    this.sleeps.push(ms);
    this.pass(ms);
    await new Promise(setImmediate);
  };

  pass(ms: number): void {
    if (!(ms >= 0)) throw new Error(`time does not pass by ${ms} ms`);
    this.#passedMs += ms;
  }

  /** Forgets what was counted so far. */
  forget(): void {
    for (const list of [this.sent, this.sleeps, this.lines]) list.length = 0;
    this.instead = undefined;
    this.emulator.faults.clear();
  }

  /** MaiAgent takes a call, and its answer never comes: the caller waits for as long as it may. */
  readonly silent = ({ timeoutMs }: HttpRequest): Transport => {
    this.pass(timeoutMs);
    return { kind: 'reply-lost' };
  };

  readonly send: HttpSend = async (request) => {
    this.sent.push({ ...request, at: this.#passedMs });
    return (await this.instead?.(request)) ?? this.answer(request);
  };

  get deps(): IdentifyDeps & ManageDeps & SyncDeps & UserChangedDeps & BroadcastDeps {
    const { settings, table, random, lines } = this;
    const maiAgent = { origin: this.emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
    const secretOf = (text: string) => cachedSecret(() => Promise.resolve(text), this.now);
    const contactsBy = (send: HttpSend) => new HttpContactApi(maiAgent, secretOf(apiKey), send, this);
    const log = jsonLog('measured', (line) => void lines.push(line));
    const contacts = contactsBy(this.#pace.send);
    return {
      settings,
      pace: this.#pace,
      clock: this,
      random: () => random,
      log,
      links: new DynamoLinkTable(table.client, 'Links', this),
      outstanding: new DynamoDueLinks(table.client, 'Links'),
      evaluations: new DynamoEvaluations(table.client, 'Links'),
      erasures: new DynamoErasures(table.client, 'Links'),
      finished: everySegment(),
      intake: new DynamoIntake(table.client, 'Links', this),
      quarantine: new DynamoQuarantine(table.client, 'Links', this),
      audience: new DynamoAudienceLinks(table.client, 'Links'),
      broadcasts: new DynamoBroadcastTable(table.client, 'Broadcasts', 'Links'),
      contacts,
      pause: new SharedPause(table.client, 'Links', contacts, this, log),
      sender: contactsBy(this.send),
      tokens: visitorTokens(secretOf('a sample signing secret of enough length'), this),
      secrets: secretOf(JSON.stringify({ generic: [`whsec_${secret.toString('base64')}`] })),
      keys: { read: () => Promise.reject(new Error('no source here has keys')) },
      reads: new DynamoDueReads(table.client, 'Links', this),
      fullReads: new DynamoFullReads(table.client, 'Links', this),
      pages: new DynamoEvaluations(table.client, 'Links'),
      storeOf: () => undefined,
      schedules: {
        make: async (request) => (this.schedules.set(request.name, request), 'made'),
        remove: async (name) => void this.schedules.delete(name),
      },
      loader: (name) => (name === '9.9.9.js' ? undefined : Buffer.from('// loader')),
      description: '{}',
      callMs: settings.broadcasts.callMs,
      retentionDays: settings.broadcasts.retentionDays,
      reserveMs: reserveMsOf(settings),
      witnesses: policyOf(settings).witnesses,
      speed: speedOf(settings),
    };
  }

  /** A request to the API, by somebody whom the gateway knows. */
  ask(routeKey: string, request: Partial<SampleRequest> = {}): Promise<SampleAnswer> {
    const isOfIdentify = Object.values(identifyRoutes).some(({ key }) => key === routeKey);
    const job = isOfIdentify ? identify(this.deps) : manage(this.deps);
    return call(job, { routeKey, atMs: this.now(), claims: { sub: 'back-office' }, ...request });
  }

  signIn(userId: string, claims: Record<string, unknown> = {}): Promise<SampleAnswer> {
    const iat = Math.floor(this.now() / 1_000);
    return this.ask('POST /v1/identity', { claims: { sub: userId, iat, ...claims }, body: {} });
  }

  /** A webhook that is signed now, or at another time. */
  async webhook(data: Record<string, unknown>, { id = `event-${(this.#events += 1)}`, atMs = this.now() } = {}) {
    const rawBody = JSON.stringify({ type: 'user.updated', timestamp: '2026-01-01T00:00:00Z', data });
    const seconds = String(Math.floor(atMs / 1_000));
    const mac = createHmac('sha256', secret).update(`${id}.${seconds}.${rawBody}`).digest('base64');
    const headers = { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${mac}` };
    const routeKey = 'POST /v1/webhooks/{source}';
    const event = gatewayEvent({ routeKey, parameters: { source: 'generic' }, rawBody, headers });
    const { statusCode, body } = (await userChanged(this.deps)(event, { awsRequestId: 'sample' } as Context)) as {
      statusCode: number;
      body: string;
    };
    return { status: statusCode, body: JSON.parse(body) as { status?: string } };
  }

  async sync(event: SyncEvent = { sweep: true }): Promise<void> {
    await sync(this.deps)(event);
  }

  async wake(event: BroadcastEvent = { sweep: true }): Promise<void> {
    await broadcast(this.deps)(event);
  }

  /** One row of `Links`. */
  async row(pk: string): Promise<Record<string, unknown> | undefined> {
    const { Item } = await this.table.client.send(new GetItemCommand({ TableName: 'Links', Key: { pk: { S: pk } } }));
    return Item && unmarshall(Item);
  }

  /** Every row of `Broadcasts` whose sort key begins so. */
  async broadcastRows(sk: string): Promise<Record<string, unknown>[]> {
    const { Items = [] } = await this.table.client.send(new ScanCommand({ TableName: 'Broadcasts' }));
    return Items.map((item) => unmarshall(item)).filter((row) => String(row['sk']).startsWith(sk));
  }

  /** How long after now an instant of a row lies, in ms. */
  ahead(at: unknown): number {
    return Number(at) - this.now();
  }

  /** The metrics of a name that were counted. */
  counted(metric: string): number[] {
    return this.lines.flatMap((line) => (JSON.parse(line) as Record<string, number>)[metric] ?? []);
  }
}
