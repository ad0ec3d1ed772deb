import { randomUUID } from 'node:crypto';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Lease, Sent } from '../../../functions/io/lease.ts';
import { DynamoLinkTable } from '../../../functions/io/aws/link-table.ts';
import { draft, type Draft, type Link } from '../../../functions/rules/contacts/link.ts';
import type { Change } from '../../../functions/rules/contacts/reports.ts';
import { linkKey, type Subject } from '../../../functions/rules/contacts/subject.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';
import { standingClock, startTable, type Table } from '../../rigs/real-parts.ts';
import { sampleFields } from '../../rules/contacts/sample-changes.ts';
import { samplePolicy } from '../../rules/contacts/sample-links.ts';

/** How long the leases of these tests are, in ms of the movable clock. */
export const leaseMs = 90_000;

/** The links table on a real engine for one test file, with a new user for every test. */
export class TableRig {
  readonly clock = standingClock();
  subject: Subject = { kind: 'user', userId: '' };
  #table: Table | undefined;

  constructor() {
    beforeAll(async () => {
      this.#table = await startTable();
    });
    afterAll(() => this.table.close());
    beforeEach(() => {
      this.subject = { kind: 'user', userId: randomUUID() };
    });
  }

  get table(): Table {
    if (!this.#table) throw new Error('the table is started in beforeAll');
    return this.#table;
  }

  get links(): DynamoLinkTable {
    return new DynamoLinkTable(this.table.client, 'Links', this.clock);
  }

  get pk(): string {
    return linkKey(this.subject);
  }

  /** The row as it stands; throws where there is none. */
  async row(): Promise<Link> {
    const row = await this.links.read(this.pk);
    if (!row) throw new Error('there is no row');
    return row;
  }

  draft(read: Link | undefined, change?: Change): Draft {
    return draft(this.subject, read, change, samplePolicy);
  }

  /** Makes the row say this, by the write that every writer uses. */
  async say(change: Change, lease?: Lease): Promise<Link> {
    const read = await this.links.read(this.pk);
    const wrote = await this.links.writeDesired(
      this.pk,
      read,
      this.draft(read, change),
      lease?.owner ?? randomUUID(),
      lease,
    );
    if ('conflict' in wrote) throw new Error('the row moved');
    return wrote.written;
  }

  lease(): Lease {
    return { owner: randomUUID(), untilMs: this.clock.now() + leaseMs, sendUntil: this.clock.elapsed() + 10_000 };
  }

  /** Takes the lease of the row as it stands. */
  async take(): Promise<{ link: Link; lease: Lease }> {
    const lease = this.lease();
    const took = await this.links.acquire(await this.row(), lease);
    if ('conflict' in took) throw new Error('the lease was not free');
    return { link: took.acquired, lease };
  }

  /** Strikes one former contact from the list that was read. */
  strike(link: Link, lease: Lease, entry: string) {
    const left = (link.formerContacts ?? []).filter((one) => one !== entry);
    return this.links.changeFormerContacts(link, lease, left);
  }

  /** A row that is bound to a contact and clean. */
  async settled(change: Change = say('create', 1)): Promise<Link> {
    const lease = this.lease();
    const link = await this.say(change, lease);
    const bound = await this.links.bindCreated(link, lease, randomUUID(), sentOf(link));
    if (typeof bound === 'string') throw new Error('the lease was lost');
    return bound.bound;
  }

  /** A contact that only the present test's link is told of. */
  contact(number: number): string {
    return `${this.pk}/contact-${number}`;
  }

  /** Time passes until every lease is over. */
  expire(): void {
    this.clock.advance(leaseMs + 1);
  }

  /** An attribute changed by hand, as an operator might. */
  async setByHand(attribute: string, value: string): Promise<void> {
    const input = { TableName: 'Links', Key: { pk: { S: this.pk } }, UpdateExpression: 'SET #a = :v' };
    const values = { ExpressionAttributeNames: { '#a': attribute }, ExpressionAttributeValues: { ':v': { S: value } } };
    await this.table.client.send(new UpdateItemCommand({ ...input, ...values }));
  }
}

/** A change of the sample store `a`. Who has the role `staff` has other permissions than who has none. */
export const say = (kind: Change['kind'], at: number, name = 'a', roles: string[] = []): Change => ({
  source: 'a',
  kind,
  version: timeVersion(at),
  ...((kind === 'create' || kind === 'update') && { told: sampleFields(name, roles) }),
});

/** What was sent under a lease: what the row wanted when the lease was taken. */
export const sentOf = (link: Link, everyRequestAnswered = true): Sent => ({
  hash: link.desiredHash,
  permissions: link.desiredPermissions,
  everyRequestAnswered,
});

/** How a lease ends without success. */
export const outstanding = (everyRequestAnswered = true) => ({
  lastError: 'maiagent_busy',
  retryAtMs: 5_000,
  everyRequestAnswered,
  isFailure: true,
});
