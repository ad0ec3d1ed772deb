import { createHash } from 'node:crypto';
import { PutItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { DynamoAudienceLinks } from '../../../functions/io/broadcasts/audience-links.ts';
import { DynamoBroadcastTable, type ClaimChecks } from '../../../functions/io/broadcasts/broadcast-table.ts';
import { written, type Change } from '../../../functions/io/broadcasts/broadcast-writes.ts';
import * as rules from '../../../functions/rules/broadcasts/broadcast.ts';
import type { Broadcast } from '../../../functions/rules/broadcasts/broadcast.ts';
import * as ledger from '../../../functions/rules/broadcasts/batch.ts';
import type { Batch, Recipient } from '../../../functions/rules/broadcasts/batch.ts';
import * as runs from '../../../functions/rules/broadcasts/run.ts';
import type { Run } from '../../../functions/rules/broadcasts/run.ts';
import type { Random } from '../random.ts';

const USERS = 3;
const FIRINGS = 3;
const FIRING_MS = 300_000;
/** When all this begins, in ms since 1970. */
export const bornAtMs = Date.UTC(2027, 0, 4, 9);
/** Rows that a writer remembers, so that it writes with old knowledge as often as with new. */
const MEMORY = 12;
const BATCHES_SHOWN = 3;

/** Makes random operations of the project's own on a few broadcasts, their runs and batches: right ones and late ones. */
export class RandomBroadcaster {
  readonly #random: Random;
  readonly #name: string;
  readonly #client: DynamoDBClient;
  readonly #table: DynamoBroadcastTable;
  readonly #audience: DynamoAudienceLinks;
  readonly #broadcasts: Broadcast[] = [];
  readonly #runs: Run[] = [];
  readonly #batches: Batch[] = [];
  /** How often each answer of a commit came. */
  readonly outcomes = new Map<string, number>();
  #nowMs = bornAtMs;
  #claims = 0;

  constructor(name: string, random: Random, client: DynamoDBClient) {
    this.#name = name;
    this.#random = random;
    this.#client = client;
    this.#table = new DynamoBroadcastTable(client, 'Broadcasts', 'Links');
    this.#audience = new DynamoAudienceLinks(client, 'Links');
  }

  /** One random operation: a read, or the writes of one transaction. */
  async step(): Promise<void> {
    const random = this.#random;
    // No two rows are due at once: no engine says in which order it would list them.
    this.#nowMs += random.one([7, 1_009, 60_013]);
    const broadcast = oneOf(this.#broadcasts, random);
    const run = oneOf(this.#runs, random);
    const batch = oneOf(this.#batches, random);
    if (!broadcast) return this.#create();
    await random.one<() => Promise<unknown>>([
      () => this.#create(),
      () => this.#putLink(),
      () => this.#fire(broadcast),
      () => this.#commit([{ before: broadcast, after: random.one(this.#changesOf(broadcast)) }]),
      () => this.#lookAt(broadcast),
      () => this.#lookAtAudience(),
      ...(run
        ? [
            () => this.#plan(run),
            () => this.#commit([{ before: run, after: random.one(this.#changesOfRun(run)) }]),
            () => this.#cancel(broadcast, run),
            () => this.#lookAtRun(run),
          ]
        : []),
      ...(run && batch
        ? Array.from({ length: 4 }, () => () => this.#claim(this.#runOf(batch) ?? run, batch)).concat(
            Array.from({ length: 2 }, () => () => this.#changeBatch(batch)),
          )
        : []),
    ])();
  }

  #create(): Promise<void> {
    const id = digits(`${this.#name} ${this.#random.below(2)}`);
    const body = { message: 'A sample message', audience: { kind: 'all' }, latenessMinutes: 60 } as const;
    const schedule = this.#random.one([{ kind: 'now' } as const, { kind: 'rate', rate: '15 minutes' } as const]);
    const after = rules.newBroadcast(id, { ...body, schedule }, this.#nowMs, undefined);
    const run = runs.newRun(after, bornAtMs, this.#nowMs, 1);
    const isNow = schedule.kind === 'now';
    return this.#commit([{ before: undefined, after }, ...(isNow ? [{ before: undefined, after: run }] : [])]);
  }

  async #putLink(): Promise<void> {
    // No two users have one contact: no engine says which of them it would find by it.
    const person = this.#person(this.#random.below(USERS), this.#random.isLikely(0.2) ? 'another' : undefined);
    const Item = marshall({ ...person, accountStatus: this.#random.one(['active', 'active', 'active', 'disabled']) });
    await this.#client.send(new PutItemCommand({ TableName: 'Links', Item }));
  }

  #fire(broadcast: Broadcast): Promise<void> {
    const scheduledAtMs = bornAtMs + this.#random.below(FIRINGS) * FIRING_MS;
    const after = runs.newRun(broadcast, scheduledAtMs, this.#nowMs, 1);
    return this.#commit([
      { before: undefined, after },
      { before: broadcast, after: rules.fired(broadcast, scheduledAtMs) },
    ]);
  }

  #plan(run: Run): Promise<void> {
    const batches = 1 + this.#random.below(3);
    const next = this.#random.isLikely(0.5) ? String(run.batches + batches) : undefined;
    const after = runs.planned(run, { batches, recipients: 2 * batches, next }, () => this.#nowMs + FIRING_MS);
    const made = Array.from({ length: batches }, (_, index): Batch => {
      const sk = runs.batchKey(run.batches + index);
      const recipients = [0, 1].map(() => this.#recipient());
      return { pk: runs.ledgerKey(run), sk, revision: 1, recipients, dueAt: this.#nowMs + index };
    });
    return this.#commit([{ before: run, after }, ...made.map((batch) => ({ before: undefined, after: batch }))]);
  }

  #runOf(batch: Batch): Run | undefined {
    return this.#runs.findLast((run) => runs.ledgerKey(run) === batch.pk);
  }

  /** Half of the time as it is now, so that the checks beside the batch decide. */
  async #claim(known: Run, seen: Batch): Promise<void> {
    const isFresh = this.#random.isLikely(0.5);
    const run = (isFresh && (await this.#table.run(known.broadcastId, known.scheduledAtMs))) || known;
    const batch = (isFresh && (await this.#table.batch(seen.pk, seen.sk))) || seen;
    const recipients = ledger.nextShare(batch);
    // Nobody claims nothing, and nobody names a user twice.
    if (new Set(recipients.map(({ pk }) => pk)).size < 2) return;
    const after = ledger.claimed(batch, this.#newClaim());
    await this.#commit([{ before: batch, after }], { run, recipients, at: 0 });
  }

  #changeBatch(batch: Batch): Promise<void> {
    const random = this.#random;
    const { claim = this.#newClaim() } = batch;
    const who = random.one(batch.recipients).contactId ?? '';
    const evidence = { messageId: `message ${this.#claims}` };
    const after = random.one<Batch>([
      ledger.reported(batch, claim.id, new Map([[who, evidence]]), new Map(), this.#nowMs),
      ledger.reported(batch, claim.id, new Map(), new Map([[who, 'no_conversation']]), this.#nowMs),
      ledger.givenBack(batch, claim.id, this.#nowMs + 1_000, 1),
      ledger.settled(batch, claim.id, new Map([[who, 'absent']]), this.#nowMs, undefined),
      ledger.ended(batch, this.#nowMs, () => ({ state: 'cancelled' })),
    ]);
    return this.#commit([{ before: batch, after: ledger.kept(after, 1) }]);
  }

  #cancel(broadcast: Broadcast, run: Run): Promise<void> {
    return this.#commit([
      { before: broadcast, after: rules.cancelled(broadcast, this.#nowMs, 1) },
      { before: run, after: runs.cancelledRun(run, this.#nowMs) },
    ]);
  }

  #changesOf(broadcast: Broadcast): Broadcast[] {
    return [
      rules.scheduled(broadcast, this.#nowMs),
      rules.unheard(broadcast, this.#nowMs + 1_000),
      rules.unscheduled(broadcast),
      rules.finishBroadcast(broadcast, 'done', 1),
    ];
  }

  #changesOfRun(run: Run): Run[] {
    return [
      runs.claimLease(run, this.#nowMs + FIRING_MS),
      runs.release(run, this.#nowMs, this.#nowMs),
      runs.finished(run, this.#nowMs, 1),
    ];
  }

  async #lookAt({ broadcastId }: Broadcast): Promise<void> {
    keep(this.#broadcasts, await this.#table.broadcast(broadcastId));
    for (const run of await this.#table.runs(broadcastId, 2)) keep(this.#runs, run);
  }

  async #lookAtRun(run: Run): Promise<void> {
    const { random, table } = { random: this.#random, table: this.#table };
    keep(this.#runs, await table.run(run.broadcastId, run.scheduledAtMs));
    const after = random.isLikely(0.5) ? undefined : runs.batchKey(random.below(BATCHES_SHOWN));
    for (const batch of await table.batches(run, after, BATCHES_SHOWN)) keep(this.#batches, batch);
    await table.counts(run);
    await table.nextDueAt(run);
    for await (const { pk, sk } of table.due(run, this.#nowMs)) keep(this.#batches, await table.batch(pk, sk));
  }

  async #lookAtAudience(): Promise<void> {
    const people = Array.from({ length: USERS }, (_, user) => this.#person(user));
    const userIds = people.map(({ pk }) => pk.slice('user#'.length));
    const contactIds = people.map(({ contactId }) => contactId);
    const audience = this.#random.one([{ kind: 'users', userIds } as const, { kind: 'contacts', contactIds } as const]);
    await this.#audience.page(audience, '');
  }

  async #commit(changes: readonly Change[], checks?: ClaimChecks): Promise<void> {
    const done = await this.#table.commit(changes, checks);
    const outcome = typeof done === 'string' ? done : 'changed';
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (done !== 'committed') return;
    for (const change of changes) {
      const row = written(change);
      if (row.sk === rules.BROADCAST) keep(this.#broadcasts, row as Broadcast);
      else if (row.sk.startsWith('run#')) keep(this.#runs, row as Run);
      else keep(this.#batches, row as Batch);
    }
  }

  #newClaim(): ledger.Claim {
    this.#claims += 1;
    return { id: `${this.#name} claim ${this.#claims}`, at: this.#nowMs, until: this.#nowMs + FIRING_MS };
  }

  #recipient(): Recipient {
    return { ...this.#person(this.#random.below(USERS)), state: 'planned', at: this.#nowMs };
  }

  #person(user: number, contact = 'contact'): { readonly pk: string; readonly contactId: string } {
    return { pk: `user#${this.#name}-${user}`, contactId: digits(`${this.#name} ${contact} ${user}`) };
  }
}

/** The newest row as often as any older one. */
const oneOf = <Row>(rows: readonly Row[], random: Random): Row | undefined =>
  rows.length === 0 ? undefined : random.isLikely(0.6) ? rows.at(-1) : random.one(rows);

function keep<Row>(rows: Row[], row: Row | undefined): void {
  if (row) rows.push(row);
  if (rows.length > MEMORY) rows.shift();
}

/** An id that has the form of a UUID. */
function digits(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
