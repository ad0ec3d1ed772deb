import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Lease } from '../../../functions/io/lease.ts';
import { DynamoIntake } from '../../../functions/io/aws/intake.ts';
import { DynamoQuarantine, type Quarantined } from '../../../functions/io/aws/quarantine.ts';
import { DynamoLinkTable } from '../../../functions/io/aws/link-table.ts';
import { draft, type Draft, type Link } from '../../../functions/rules/contacts/link.ts';
import { recordIdOf } from '../../../functions/rules/sources/kept-delivery.ts';
import { linkKey, sourceIdOf } from '../../../functions/rules/contacts/subject.ts';
import { leaseMs, outstanding, say, sentOf } from '../../io/aws/table-rig.ts';
import { samplePolicy } from '../../rules/contacts/sample-links.ts';
import type { Random } from '../random.ts';

/** Rows and leases that a writer remembers, so that it writes with old knowledge as often as with new. */
const MEMORY = 4;
const USERS = 3;
const kinds = ['create', 'update', 'update', 'disable', 'enable', 'delete'] as const;

/** Makes random writes of the project's own to a few users' links: right ones, late ones, and ones of leases that are over. */
export class RandomWriter {
  readonly #random: Random;
  readonly #name: string;
  readonly #links: DynamoLinkTable;
  readonly #intake: DynamoIntake;
  readonly #records: DynamoQuarantine;
  readonly #rows: Link[] = [];
  readonly #leases: Lease[] = [];
  #nowMs = Date.UTC(2026, 0, 1);
  #marks = 0;

  constructor(name: string, random: Random, client: DynamoDBClient) {
    const clock = { now: () => this.#nowMs, elapsed: () => this.#nowMs, sleep: () => Promise.resolve() };
    this.#name = name;
    this.#random = random;
    this.#links = new DynamoLinkTable(client, 'Links', clock);
    this.#intake = new DynamoIntake(client, 'Links', clock);
    this.#records = new DynamoQuarantine(client, 'Links', clock);
  }

  /** One random operation: a read and a write, or a write alone. */
  async step(): Promise<void> {
    const random = this.#random;
    this.#nowMs += random.one([1, 1_000, leaseMs / 2, leaseMs + 1]);
    const subject = { kind: 'user', userId: `${this.#name}-${random.below(USERS)}` } as const;
    const fresh = random.isLikely(0.7) ? this.#keep(await this.#links.read(linkKey(subject))) : undefined;
    const read = fresh ?? this.#rows.findLast(({ pk }) => pk === linkKey(subject));
    if (!read || random.isLikely(0.35)) return this.#hear(subject, read);
    const lease = random.isLikely(0.6) ? this.#ownLease(read) : this.#newLease();
    await this.#settle(read, lease);
  }

  async #hear(subject: { kind: 'user'; userId: string }, read: Link | undefined): Promise<void> {
    const random = this.#random;
    const change = say(random.one(kinds), random.below(40), random.one(['a', 'b']), random.one([[], ['staff']]));
    const next: Draft = draft(subject, read, change, samplePolicy);
    const pk = linkKey(subject);
    const mark = random.isLikely(0.1)
      ? `${this.#name} mark ${this.#marks}`
      : `${this.#name} mark ${(this.#marks += 1)}`;
    if (random.isLikely(0.5)) {
      const eventId = `${this.#name}-${random.below(200)}`;
      const receipt = { source: 'generic', eventId, contentHash: random.one(['one', 'another']) };
      const from = random.isLikely(0.2) ? { ...this.#item(), ...receipt } : undefined;
      await this.#intake.accept(receipt, { pk, read, news: random.isLikely(0.9) ? next : undefined, from }, mark);
      return;
    }
    const lease = random.isLikely(0.5) ? this.#newLease() : undefined;
    const wrote = await this.#links.writeDesired(pk, read, next, lease?.owner ?? mark, lease);
    this.#keep('written' in wrote ? wrote.written : wrote.conflict);
  }

  async #settle(read: Link, lease: Lease): Promise<void> {
    const { random, links } = { random: this.#random, links: this.#links };
    const isAcknowledged = random.isLikely(0.7);
    const contactId = `${this.#name}-contact-${random.below(5)}`;
    const { confirmedHash, formerContacts, pk, generation } = read;
    const writes: (() => Promise<unknown>)[] = [
      async () => {
        const taken = await links.acquire(read, lease);
        this.#keep('acquired' in taken ? taken.acquired : taken.conflict);
      },
      () => links.bind(read, contactId, random.isLikely(0.5) ? read.desiredPermissions : undefined),
      () => links.bindCreated(read, lease, contactId, sentOf(read, isAcknowledged)),
      () => links.confirm(read, lease, sentOf(read, isAcknowledged)),
      () => links.giveUp(read, lease, { ...outstanding(isAcknowledged), isFailure: random.isLikely(0.5) }),
      () => links.promote(pk, `somebody ${random.below(2)}`),
      () => links.spendVisitor(`${this.#name}-hour-${random.below(3)}`, 5),
      () => this.#quarantine(),
    ];
    // What the jobs only do with a row that has what it takes.
    if (formerContacts)
      writes.push(() => links.changeFormerContacts(read, lease, formerContacts.slice(random.below(2))));
    if (confirmedHash !== undefined)
      writes.push(
        () => links.drifted(read),
        () => links.clearDue(read),
      );
    if (read.contactId !== undefined)
      writes.push(() =>
        links.replaceMissingContact(read, lease, sourceIdOf({ kind: 'user', userId: pk.slice(5) }, generation + 1)),
      );
    await random.one(writes)();
  }

  async #quarantine(): Promise<void> {
    const [item, random, quarantine] = [this.#item(), this.#random, this.#records];
    const mark = `${this.#name} mark ${random.below(20)}`;
    const fate = random.one(['repeated', 'ignored', 'discarded'] as const);
    if (random.isLikely(0.6)) await quarantine.keep(item, mark);
    else if (random.isLikely(0.5)) await quarantine.explain(item, [{ path: 'id', problem: 'is taken' }]);
    else await quarantine.close(recordIdOf(item), fate, mark, fate === 'discarded' ? 'a sample reason' : undefined);
  }

  #item(): Quarantined {
    const eventId = `${this.#name}-${this.#random.below(30)}`;
    const flaws = [{ path: 'data', problem: 'is missing' }];
    const contentHash = this.#random.one(['one', 'another']);
    return { source: 'generic', eventId, contentHash, arrivedAtMs: this.#nowMs, flaws, record: { body: 'e30=' } };
  }

  #keep(row: Link | undefined): Link | undefined {
    if (row) this.#rows.push(row);
    if (this.#rows.length > MEMORY * USERS) this.#rows.shift();
    return row;
  }

  /** The lease that a row carries, as its holder would know it, or an older one. */
  #ownLease({ leaseOwner }: Link): Lease {
    return this.#leases.find(({ owner }) => owner === leaseOwner) ?? this.#leases.at(-1) ?? this.#newLease();
  }

  #newLease(): Lease {
    this.#marks += 1;
    const lease = {
      owner: `${this.#name} lease ${this.#marks}`,
      untilMs: this.#nowMs + leaseMs,
      sendUntil: this.#nowMs + leaseMs,
    };
    this.#leases.push(lease);
    if (this.#leases.length > MEMORY) this.#leases.shift();
    return lease;
  }
}
