import { CreateTableCommand, TransactWriteItemsCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { newestIn, reportOf } from '../../functions/rules/contacts/reports.ts';
import { parseVersion } from '../../functions/rules/contacts/version.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { ChangeRig, event, webhookSecret } from '../rigs/change-rig.ts';
import { judgeLedger, recordOf, type LedgerRow } from './judge-ledger.ts';
import { mortal } from '../rigs/mortal.ts';
import type { RealDeps } from '../rigs/real-parts.ts';
import { linksSchema } from '../rigs/table-schemas.ts';
import { MemoryDatabase } from '../world/database/memory-database.ts';
import { randomOf, type Random } from '../world/random.ts';
import { VirtualTime } from '../world/virtual-time.ts';

/** One delivery of a story: what is sent, and what its sender has been answered. */
interface Delivery {
  readonly id: string;
  readonly body: string;
  readonly userId: string;
  readonly kind: 'good' | 'ahead' | 'mapped later' | 'never' | 'not ours';
  readonly version: string;
  answers: string[];
}

const USERS = 3;
const HOUR_MS = 3_600_000;
const STARTS_AT = Date.UTC(2027, 0, 4, 9);
const unreachable = () => Object.assign(new Error('the table could not be reached'), { name: 'TableUnreachable' });

/** A story of deliveries, redrives, discards and rotations under kills, lost replies and an unreachable table; answers what is wrong in the end. */
export async function tellLedgerStory(seed: number): Promise<{ accusations: string[]; fates: string[] }> {
  const story = new LedgerStory(seed);
  await story.tell();
  return { accusations: await story.judge(), fates: story.fates };
}

class LedgerStory {
  readonly #random: Random;
  readonly #time = new VirtualTime();
  readonly #database: MemoryDatabase;
  readonly #rate: number;
  readonly #discarded = new Set<string>();
  readonly #lines: string[] = [];
  readonly fates: string[] = [];
  #deliveries: Delivery[] = [];
  #secret = 1;
  #isMapped = false;
  #isRough = true;
  #wasKilled = false;

  constructor(seed: number) {
    this.#random = randomOf(seed, 71);
    this.#rate = this.#random.one([0, 0.1, 0.3]);
    this.#database = new MemoryDatabase(undefined, {
      now: this.#time.now,
      ms: () => (this.#isRough ? this.#random.one([0, 0, 300]) : 0),
    });
  }

  tell(): Promise<void> {
    return this.#time.run(this.#play());
  }

  async #play(): Promise<void> {
    await this.#database.send(new CreateTableCommand(linksSchema));
    this.#deliveries = this.#drawDeliveries();
    const steps: (() => Promise<void>)[] = [];
    for (const delivery of this.#deliveries)
      for (let sends = this.#random.below(3) + 1; sends > 0; sends -= 1) steps.push(() => this.#send(delivery));
    for (let count = this.#random.below(5); count > 0; count -= 1) {
      steps.push(() => this.#operate({ redrive: true }));
      if (this.#random.isLikely(0.5)) steps.push(() => this.#operate({ redrive: true }));
    }
    for (let count = this.#random.below(3); count > 0; count -= 1) steps.push(() => this.#discardOne());
    steps.push(async () => void (this.#isMapped = true));
    if (this.#random.isLikely(0.5)) steps.push(async () => void (this.#secret += 1));
    for (const step of steps)
      this.#time.in(this.#random.below(this.#random.one([60, 5_000, 2 * HOUR_MS])), () => void step());
    await this.#time.quiet();
    await this.#recover();
  }

  /** Three users, ids that are used twice, versions that lie ahead, a field that is mapped later, and what is never an event. */
  #drawDeliveries(): Delivery[] {
    const random = this.#random;
    return Array.from({ length: 3 + random.below(6) }, (_, number) => {
      const id = `event-${random.isLikely(0.3) ? random.below(number + 1) : number}`;
      const userId = `user-${random.below(USERS)}`;
      const kind = random.one(['good', 'good', 'ahead', 'mapped later', 'never', 'not ours'] as const);
      const at = kind === 'ahead' ? STARTS_AT + HOUR_MS : STARTS_AT - 1_000 * random.below(1_000);
      const version = new Date(at).toISOString();
      const type =
        kind === 'not ours' ? 'danced' : random.one(['updated', 'disabled', 'created', 'deleted', 'enabled']);
      const moment = { good: { version }, ahead: { version }, 'mapped later': { revision: version }, 'not ours': {} };
      const data = { userId, number, ...(kind === 'never' ? { version: 'never' } : moment[kind]) };
      return { id, userId, kind, version, answers: [], body: JSON.stringify({ ...event(type, userId, 1), data }) };
    });
  }

  /** The job in an invocation of its own. Its calls take their time, and may be its last. */
  #invoke<Answer>(run: (rig: ChangeRig) => Promise<Answer>): Promise<Answer | undefined> {
    const troubled: DynamoDBClient = { send: (command: object) => this.#call(command) } as never;
    const dies = () => {
      const isDying = this.#isRough && this.#random.isLikely(this.#rate / 6);
      this.#wasKilled ||= isDying;
      return isDying;
    };
    const ways = mortal({ client: troubled, send: () => Promise.reject(new Error('no way there')) }, dies);
    const { client } = ways;
    const version = this.#isMapped ? 'revision' : 'version';
    const sources = [sourceSchema.parse({ kind: 'generic', name: 'generic', version })];
    const clock = { now: this.#time.now, elapsed: this.#time.elapsed, sleep: this.#time.sleep };
    const deps = { table: { client }, clock, lines: this.#lines } as unknown as RealDeps;
    const rig = new ChangeRig(deps, { sources });
    rig.secrets = [webhookSecret(`secret ${this.#secret}`)];
    let answer: Answer | undefined;
    const running = run(rig).then((given) => (answer = given));
    return ways.run(running.catch(() => undefined)).then((end) => (end === 'ended' ? answer : undefined));
  }

  /** One call to the table: later, not at all, or twice, because the SDK repeats what was not acknowledged. */
  async #call(command: object): Promise<unknown> {
    await this.#time.sleep(this.#random.below(40));
    const isTroubled = this.#isRough && this.#random.isLikely(this.#rate);
    const trouble = isTroubled ? this.#random.one(['fail', 'fail-after', 'lose-ack'] as const) : undefined;
    if (trouble === 'fail') throw unreachable();
    const sent =
      command instanceof TransactWriteItemsCommand
        ? new TransactWriteItemsCommand({ ...command.input, ClientRequestToken: `${this.#random.fraction()}` })
        : command;
    const answer = await this.#database.send(sent).catch((error: unknown) => {
      if (trouble !== undefined) return undefined;
      throw error;
    });
    if (trouble === 'fail-after') throw unreachable();
    await this.#time.sleep(this.#random.below(40));
    return trouble === 'lose-ack' ? this.#database.send(sent) : answer;
  }

  async #send(delivery: Delivery): Promise<void> {
    const answer = await this.#invoke((rig) => rig.webhook(delivery.body, { id: delivery.id }));
    if (answer && answer.status < 500) delivery.answers.push(String(answer.body.status));
  }

  async #operate(wish: object): Promise<void> {
    await this.#invoke((rig) => rig.hear(wish as never));
  }

  async #discardOne(): Promise<void> {
    const open = this.#records().filter(({ closedAs }) => closedAs === undefined);
    if (open.length === 0) return;
    const recordId = this.#random.one(open).pk.replace('quarantined#', '');
    this.#discarded.add(recordId);
    await this.#operate({ discard: [recordId], why: 'a sample reason' });
  }

  /** No more faults: senders come again until they are answered, the mapping is right, the time has come, and operators redrive. */
  async #recover(): Promise<void> {
    this.#isRough = false;
    this.#isMapped = true;
    await this.#time.sleepTo(STARTS_AT + 3 * HOUR_MS);
    for (const delivery of this.#deliveries) if (delivery.answers.length === 0) await this.#send(delivery);
    await this.#operate({ redrive: true });
  }

  #rows(): LedgerRow[] {
    return this.#database.rows('Links').map((row) => unmarshall(row) as unknown as LedgerRow);
  }
  #records(): LedgerRow[] {
    return this.#rows().filter(({ pk }) => pk.startsWith('quarantined#'));
  }

  async judge(): Promise<string[]> {
    const rows = this.#rows();
    const links = new Map(rows.map((row) => [row.pk, row]));
    const answered = this.#deliveries.map((delivery) => ({
      ...delivery,
      isOurs: delivery.kind !== 'not ours',
      answers: delivery.answers.filter((answer) => !answer.startsWith('4')),
    }));
    const { fates, wrong } = judgeLedger(answered, rows, this.#discarded);
    this.fates.push(...fates.values());
    for (const [{ id, userId, version }, fate] of fates)
      if (fate === 'applied' && !isInLink(version, links.get(`user#${userId}`) as unknown as Link))
        wrong.push(`${id} has a receipt and is not in its link`);
    // Whoever was killed with it in hand has answered nobody, and may have kept it all the same.
    const seen = new Set(this.#deliveries.map(recordOf));
    const records = this.#records();
    for (const { pk } of records) if (!seen.has(pk.replace('quarantined#', ''))) wrong.push(`${pk} was sent by nobody`);
    return [...wrong, ...this.#judgeCounts(records)];
  }

  /** Where nobody was killed and nothing failed, the metrics say the same as the rows. */
  #judgeCounts(records: readonly LedgerRow[]): string[] {
    if (this.#wasKilled || this.#rate > 0) return [];
    const sum = (metric: string) => this.#lines.filter((line) => line.includes(`"${metric}":1`)).length;
    const there = records.filter(({ closedAs }) => closedAs === undefined).length;
    const isRight = sum('Quarantined') - sum('Redriven') - sum('Discarded') === there;
    return isRight ? [] : ['the metrics do not add up'];
  }
}

function isInLink(version: string, link: Link | undefined): boolean {
  const newest = newestIn(reportOf(link?.reports ?? [], 'generic'));
  return newest !== undefined && newest >= (parseVersion(version) ?? '');
}
