import { CreateTableCommand, DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Switches } from '../../local/emulator/state/switches.ts';
import { everySegment } from '../rigs/change-rig.ts';
import { broadcastsSchema, linksSchema } from '../rigs/table-schemas.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import type { HttpRequest, HttpSend } from '../../functions/io/https.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import type { PlainRow } from './boundaries.ts';
import { BothEngines } from './database/both-engines.ts';
import { MemoryDatabase, type RowChange } from './database/memory-database.ts';
import { LinkHistory } from './link-history.ts';
import { maiAgentInMemory, maiAgentOverHttp, type MaiAgentHere } from './maiagent.ts';
import { Scheduler } from './scheduler.ts';
import { StoreHere } from './store.ts';
import { VirtualTime } from './virtual-time.ts';
import type { Weakness } from './weaknesses.ts';

/** What a story is played on. */
export interface Ground {
  readonly switches?: Partial<Switches>;
  /** How far the tables' indexes are behind while there is trouble. */
  readonly indexLagMs?: number;
  /** Which of several lanes of one invocation goes on first when all can. */
  readonly order?: 'first' | 'last';
  /** A bridge that is weaker on purpose. */
  readonly weakness?: Weakness | undefined;
  /** A real engine that has the tables: it answers, and the memory must answer the same. MaiAgent is then behind HTTP. */
  readonly engine?: DynamoDBClient | undefined;
}

/** What a witness may know of an invocation. */
export interface Seen {
  /** The leases of links that it has written, and for which `sourceId`s MaiAgent has said since that nobody has them. */
  readonly leases: ReadonlySet<string>;
  readonly foundNone: ReadonlySet<string>;
  /** The claims that it knows to be its own. */
  readonly claimIds: ReadonlySet<string>;
  /** The step at which it last saw or wrote a table. */
  readonly lastSawTableAt: number;
  /** The number of the deployment whose function it is. */
  readonly deployment: number;
}

/** Told of what a witness has to see at the moment at which it happens. Each answers whether it is this one's. */
export interface Watch {
  /** A request that makes a contact goes out. */
  creates?(sourceId: string, by: Seen): boolean;
  /** A broadcast reaches MaiAgent. */
  sends?(body: string, by: Seen): boolean;
}

/** What happened, in the order in which it happened. */
export interface Happening {
  readonly atMs: number;
  /** The invocation, or the one who did it. */
  readonly who: string;
  readonly what: string;
  /** The name of the trouble's place, by which it can be taken out of the story. */
  readonly trouble?: string;
}

const tables = [linksSchema, broadcastsSchema];

/** Everything that one story plays on: time, tables, a MaiAgent, EventBridge Scheduler, and what happened there. */
export class World {
  readonly time: VirtualTime;
  readonly maiAgent: MaiAgentHere;
  readonly scheduler: Scheduler;
  readonly history: LinkHistory;
  readonly weakness: Weakness | undefined;
  readonly happenings: Happening[] = [];
  /** What the jobs logged. */
  readonly lines: string[] = [];
  /** What was thrown out of a job, where nobody should have thrown. */
  readonly failures: string[] = [];
  /** Contacts that were named in a broadcast which MaiAgent refused, because of any of them. */
  readonly refused = new Set<string>();
  /** The step at which each contact was last changed, by whomever. */
  readonly contactsChangedAt = new Map<string, number>();
  /** The first `sourceId` of each contact that was changed: an erased one gets another. */
  readonly origins = new Map<string, string | null>();
  readonly watches: Watch[] = [];
  /** How MaiAgent behaves, beside the faults of an adversary. */
  mood = (request: HttpRequest, send: HttpSend): Promise<Transport> => send(request);
  /** Told of every change of a row. */
  readonly changed: ((change: RowChange) => void)[] = [];
  /** Which of its secrets the user store signs with; it is rotated now and then. */
  secretNumber = 1;
  /** Quarantined records that a person has decided to discard. */
  readonly discarded = new Set<string>();
  /** True while there is trouble: then the indexes are behind. */
  isRough = false;
  /** The number of the deployment whose functions are called. */
  deployment = 1;
  /** The segments that need not be evaluated again. */
  readonly finished = everySegment();
  /** How many rows a scan of everybody reads at once, where it is not as many as it asks for. */
  scanRows: number | undefined;
  #store: StoreHere | undefined;
  #visitors = 0;
  readonly #database: MemoryDatabase;
  readonly #engines: BothEngines | undefined;
  readonly #engine: DynamoDBClient | undefined;
  #steps = 0;

  private constructor(ground: Ground, time: VirtualTime, maiAgent: MaiAgentHere) {
    this.time = time;
    this.maiAgent = maiAgent;
    this.scheduler = new Scheduler(time);
    this.history = new LinkHistory(time);
    this.weakness = ground.weakness;
    const tell = (change: RowChange): void => this.changed.forEach((hears) => hears(change));
    const lag = { now: time.now, ms: () => (this.isRough ? (ground.indexLagMs ?? 0) : 0) };
    this.#database = new MemoryDatabase(tell, lag);
    this.#engine = ground.engine;
    this.#engines = ground.engine && new BothEngines(ground.engine, this.#database);
    this.changed.push((change) => this.history.changed(change));
  }

  static async open(ground: Ground = {}): Promise<World> {
    const time = new VirtualTime(ground.order);
    const start = ground.engine ? maiAgentOverHttp : maiAgentInMemory;
    const world = new World(ground, time, await start(time, ground.switches ?? {}));
    for (const schema of tables) await world.#database.send(new CreateTableCommand(schema));
    return world;
  }

  /** The client that everybody has, but for the faults. */
  get client(): DynamoDBClient {
    const engines = this.#engines;
    if (!engines) return this.#database.client;
    const send = (command: never) => this.time.outside(engines.client.send(command));
    return { send } as unknown as DynamoDBClient;
  }

  /** In the order in which they come, so that a story goes the same way each time: a row's id decides when a sweep comes to it. */
  newVisitorId(): string {
    this.#visitors += 1;
    return `00000000-0000-4000-8000-${String(this.#visitors).padStart(12, '0')}`;
  }

  /** Other settings count from now on. Segments without a link are left out, so that a story makes no more calls than it needs. */
  async deploy(): Promise<void> {
    this.deployment += 1;
    const evaluations = new DynamoEvaluations(this.#database.client, 'Links');
    for (const segment of this.finished)
      if ((await evaluations.page(segment, undefined)).links.length > 0) this.finished.delete(segment);
  }

  /** The user store that is read. */
  get store(): StoreHere {
    this.#store ??= new StoreHere(this.time);
    return this.#store;
  }

  /** Where a real engine answered otherwise than the memory. */
  get differences(): readonly string[] {
    return this.#engines?.differences ?? [];
  }

  /** The rows of a table whose key begins so. */
  rows(table: 'Links' | 'Broadcasts', beginning = ''): readonly PlainRow[] {
    const found = this.#database.rows(table).filter(({ pk }) => pk?.S?.startsWith(beginning));
    return found.map((row) => unmarshall(row) as PlainRow);
  }

  /** The `sourceId` with which a contact was made. */
  originOf({ id, sourceId }: { readonly id: string; readonly sourceId: string | null }): string | null {
    return this.origins.get(id) ?? sourceId;
  }

  link(pk: string): Link | undefined {
    return this.rows('Links', pk).find((row) => row.pk === pk) as Link | undefined;
  }

  creates(sourceId: string, by: Seen): void {
    if (!this.watches.some((one) => one.creates?.(sourceId, by)))
      this.failures.push(`a contact is made for ${sourceId}, who is nobody`);
  }

  sends(body: string, by: Seen): void {
    if (!this.watches.some((one) => one.sends?.(body, by)))
      this.failures.push('a message reaches MaiAgent that nobody sent');
  }

  /** Counts the I/O of the whole story. */
  step(): number {
    this.#steps += 1;
    return this.#steps;
  }

  /** Starts what nobody waits for. */
  start(run: Promise<unknown>, who: string): void {
    run.catch((error: unknown) => {
      this.note(who, `fails: ${String(error)}`);
      this.failures.push(String(error));
    });
  }

  note(who: string, what: string, trouble?: string): void {
    this.happenings.push({ atMs: this.time.elapsed(), who, what, ...(trouble !== undefined && { trouble }) });
  }

  /** What is wrong with the whole story: what was logged or thrown that nobody expects, and what a careful client never does. */
  bugs(): readonly string[] {
    const bugs = this.lines.filter((line) => {
      const { event = '', kind = '' } = JSON.parse(line) as { event?: string; kind?: string };
      return failures.has(event) && !expected.has(kind);
    });
    const mistakes = Object.keys(this.maiAgent.bugs()).map((bug) => `MaiAgent counts a mistake: ${bug}`);
    return [...bugs.map((line) => `logged ${line}`), ...mistakes, ...this.failures, ...this.differences];
  }

  /** Leaves nothing behind in a real engine. */
  async close(): Promise<void> {
    await this.maiAgent.close();
    if (!this.#engine) return;
    for (const { TableName, KeySchema } of tables)
      for (const row of this.rows(TableName as 'Links')) {
        const Key = marshall(
          Object.fromEntries(KeySchema.map(({ AttributeName }) => [AttributeName, row[AttributeName]])),
        );
        await this.#engine.send(new DeleteItemCommand({ TableName, Key }));
      }
  }
}

const failures = new Set(['bug', 'link-failed', 'row-failed', 'batch-failed', 'firing-unreadable']);
const expected = new Set(['TableUnreachable', 'SchedulerUnreachable']);
