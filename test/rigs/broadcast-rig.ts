import { BatchWriteItemCommand, ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { broadcast, type BroadcastEvent } from '../../functions/broadcast.ts';
import { DynamoAudienceLinks } from '../../functions/io/broadcasts/audience-links.ts';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { paced } from '../../functions/io/maiagent/pace.ts';
import { SharedPause } from '../../functions/io/maiagent/pause.ts';
import type { ScheduleRequest, Schedules } from '../../functions/io/broadcasts/schedules.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { manage } from '../../functions/manage.ts';
import { policyOf, speedOf, type Settings } from '../../functions/env.ts';
import { call, type SampleAnswer, type SampleRequest } from './gateway-event.ts';
import { inboxId, startDeps, type RealDeps } from './real-parts.ts';
import { confirmed, rowOf } from '../rules/contacts/sample-links.ts';
import { wholeUser, type SampleFields } from '../rules/contacts/sample-changes.ts';
import { draft } from '../../functions/rules/contacts/link.ts';
import { parseVersion } from '../../functions/rules/contacts/version.ts';
import { permitted } from './permitted.ts';
import { sampleSettings } from './sample-settings.ts';

const callMs = 30_000;

/** What an invocation sees of the world; a test puts something in between. */
export interface Ways {
  readonly client: DynamoDBClient;
  readonly send: HttpSend;
}

/** The jobs `manage` and `broadcast` in this process, over a real table and the emulator over HTTP. */
export class BroadcastRig implements Schedules {
  readonly real: RealDeps;
  readonly settings: Settings;
  /** What EventBridge Scheduler was told, by name, in the order in which it was told. */
  readonly schedules = new Map<string, ScheduleRequest>();
  /** How EventBridge Scheduler answers. */
  scheduler: 'well' | 'refuses' | 'down' = 'well';
  /** Called when a schedule is about to be made. */
  beforeMake: (() => Promise<void>) | undefined;
  key = 'sampleKey';
  /** How Secrets Manager answers. */
  secrets: 'well' | 'down' = 'well';
  #groups = 0;

  static async start(settings: Partial<Settings> = {}): Promise<BroadcastRig> {
    return new BroadcastRig(await startDeps({ hasOneClock: true }), settings);
  }

  private constructor(real: RealDeps, settings: Partial<Settings>) {
    this.real = real;
    this.settings = {
      ...sampleSettings,
      broadcasts: { concurrency: 1, requestsPerSecond: 10_000, callMs, retentionDays: 400 },
      ...settings,
    };
  }

  close(): Promise<void> {
    return this.real.close();
  }

  /** Users who have signed in and, unless they are silent, chatted, written as their sign-ins leave them. Answers their ids. */
  async people(count: number, prefix = 'person', fields: SampleFields = {}, isSilent = false): Promise<string[]> {
    const userIds = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
    const rows = userIds.map((userId) => {
      const subject = { kind: 'user', userId } as const;
      const contact = this.real.emulator.store.addContact({ sourceId: userId, inboxes: [inboxId] });
      if (!isSilent) this.real.emulator.store.addConversation(contact.id, { title: 'A sample conversation' });
      const told = wholeUser(fields);
      const change = { source: 'api', kind: 'create', version: parseVersion(1) ?? '', told } as const;
      const row = { ...rowOf(draft(subject, undefined, change, this.#policy)), pk: `user#${userId}` };
      return confirmed(row, contact.id);
    });
    await this.write('Links', rows);
    return userIds;
  }

  get #policy() {
    return policyOf(this.settings);
  }

  /** Some people, and a message of their own for each test. */
  async some(count: number) {
    this.#groups += 1;
    const userIds = await this.people(count, `group-${this.#groups}`);
    return { userIds, message: `Sample message ${this.#groups}`, audience: { kind: 'users', userIds } };
  }

  /** A broadcast to some people that is to be sent now, and that nobody has taken up yet. */
  async sentNow(count: number) {
    const { userIds, message, audience } = await this.some(count);
    const { body } = await this.create({ message, audience });
    return { userIds, message, broadcastId: body.broadcastId as string };
  }

  contactIdOf(userId: string): string {
    const contact = this.real.emulator.store.liveContacts.find(({ sourceId }) => sourceId === userId);
    if (!contact) throw new Error(`${userId} has no contact`);
    return contact.id;
  }

  /** How often each of them has the message. */
  times(message: string, userIds: readonly string[]): (number | undefined)[] {
    return userIds.map((userId) => this.received(message).get(userId));
  }

  /** What the ledger says of one recipient. */
  async stateOf(broadcastId: string, userId: string): Promise<SampleAnswer['body']> {
    return (await this.recipients(broadcastId)).find((one) => one.userId === userId);
  }

  /** The user store has spoken. */
  async disable(userId: string): Promise<void> {
    const rows = await this.real.table.rows();
    await this.write('Links', [{ ...rows.find(({ pk }) => pk === `user#${userId}`), accountStatus: 'disabled' }]);
  }

  /** Puts rows as they are. */
  async write(table: string, rows: readonly object[]): Promise<void> {
    for (let at = 0; at < rows.length; at += 25) {
      const puts = rows.slice(at, at + 25).map((row) => ({ PutRequest: { Item: marshall(row) } }));
      await this.real.table.client.send(new BatchWriteItemCommand({ RequestItems: { [table]: puts } }));
    }
  }

  /** One invocation of `broadcast`; what it does goes through `ways`. */
  async wake(event: BroadcastEvent, ways: Partial<Ways> = {}): Promise<void> {
    const { clock, lines } = this.real;
    const { send = sender } = ways;
    const client = permitted('broadcast', ways.client ?? this.real.table.client);
    const { requestsPerSecond, retentionDays } = this.settings.broadcasts;
    const pace = paced(send, 1_000 / requestsPerSecond, clock);
    const log = jsonLog('broadcast', (line) => void lines.push(line));
    const contacts = this.#contacts(pace.send);
    await broadcast({
      clock,
      pace,
      callMs,
      retentionDays,
      random: this.real.random,
      log,
      reserveMs: this.settings.leaseMs - this.settings.sendBudgetMs,
      witnesses: policyOf(this.settings).witnesses,
      speed: speedOf(this.settings),
      sender: this.#contacts(send),
      contacts,
      pause: new SharedPause(client, 'Links', this.#contacts(send), clock, log),
      broadcasts: new DynamoBroadcastTable(client, 'Broadcasts', 'Links'),
      audience: new DynamoAudienceLinks(client, 'Links'),
      schedules: this,
    })(event);
  }

  /** EventBridge Scheduler, as far as the job sees it. */
  async make(request: ScheduleRequest): Promise<'made' | 'refused'> {
    if (this.scheduler === 'down') throw new Error('EventBridge Scheduler is down');
    if (this.scheduler === 'refuses') return 'refused';
    await this.beforeMake?.();
    this.schedules.set(request.name, request);
    return 'made';
  }

  async remove(name: string): Promise<void> {
    if (this.scheduler === 'down') throw new Error('EventBridge Scheduler is down');
    this.schedules.delete(name);
  }

  #contacts(send: HttpSend): HttpContactApi {
    const { emulator, clock } = this.real;
    const maiAgent = { origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
    return new HttpContactApi(
      maiAgent,
      cachedSecret(
        () => (this.secrets === 'well' ? Promise.resolve(this.key) : Promise.reject(new Error('it is down'))),
        Date.now,
      ),
      send,
      clock,
    );
  }

  /** A request to `manage`. */
  ask(routeKey: string, request: Partial<SampleRequest> = {}): Promise<SampleAnswer> {
    const { table, clock, lines } = this.real;
    const client = permitted('manage', table.client);
    const job = manage({
      settings: this.settings,
      clock,
      links: new DynamoLinkTable(client, 'Links', clock),
      broadcasts: new DynamoBroadcastTable(client, 'Broadcasts', 'Links'),
      audience: new DynamoAudienceLinks(client, 'Links'),
      contacts: this.#contacts(sender),
      description: '{}',
      log: jsonLog('manage', (line) => void lines.push(line)),
    });
    return call(job, {
      routeKey,
      claims: { sub: 'back-office', scope: 'broadcasts.read broadcasts.write contacts.read' },
      ...request,
    });
  }

  get broadcasts(): DynamoBroadcastTable {
    return new DynamoBroadcastTable(this.real.table.client, 'Broadcasts', 'Links');
  }

  create(body: object, headers: Record<string, string> = {}): Promise<SampleAnswer> {
    return this.ask('POST /v1/broadcasts', { body: { message: 'A sample message', ...body }, headers });
  }

  show(broadcastId: string): Promise<SampleAnswer> {
    return this.ask('GET /v1/broadcasts/{broadcastId}', { parameters: { broadcastId } });
  }

  cancel(broadcastId: string): Promise<SampleAnswer> {
    return this.ask('POST /v1/broadcasts/{broadcastId}/cancel', { parameters: { broadcastId } });
  }

  /** Every recipient of the newest run, through the API. */
  async recipients(broadcastId: string): Promise<SampleAnswer['body'][]> {
    const all = [];
    let from: string | undefined;
    do {
      const query: Record<string, string> = from === undefined ? {} : { from };
      const { body } = await this.ask('GET /v1/broadcasts/{broadcastId}/recipients', {
        parameters: { broadcastId },
        query,
      });
      all.push(...body.recipients);
      from = body.next ?? undefined;
    } while (from !== undefined);
    return all;
  }

  /** Sweeps until the newest run has ended, moving the clock past whatever it waits for. */
  async settle(broadcastId: string, sweep: () => Promise<void> = () => this.wake({ sweep: true })): Promise<void> {
    for (let sweeps = 0; sweeps < SWEEPS_MAX; sweeps += 1) {
      await sweep();
      const [run] = await this.broadcasts.runs(broadcastId, 1);
      if (run?.endedAtMs !== undefined) return;
      const dueAt = Math.min(run?.leaseUntil ?? run?.dueAt ?? 0, Number.MAX_SAFE_INTEGER);
      this.real.clock.advance(Math.max(0, dueAt - this.real.clock.now()) + 1);
    }
    throw new Error(`the run has not ended after ${SWEEPS_MAX} sweeps`);
  }

  /** How often each contact has the message, by the user's id. */
  received(message = 'A sample message'): Map<string, number> {
    const { store } = this.real.emulator;
    const sourceIdOf = (contactId: string) => store.row(contactId)?.sourceId ?? contactId;
    return new Map(
      store.conversations.map(({ contactId, messages }) => [
        sourceIdOf(contactId),
        messages.filter(({ type, content }) => type === 'outgoing' && content === message).length,
      ]),
    );
  }

  /** Every row of the table. */
  async rows(): Promise<(Record<string, unknown> & { pk: string; sk: string })[]> {
    const { Items = [] } = await this.real.table.client.send(
      new ScanCommand({ TableName: 'Broadcasts', ConsistentRead: true }),
    );
    return Items.map((item) => unmarshall(item) as Record<string, unknown> & { pk: string; sk: string });
  }
}

const SWEEPS_MAX = 400;
const sender = httpSender();
