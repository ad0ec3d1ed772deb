import type { CancellationReason, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { ErasedContact } from '../../rules/erasure/erasure.ts';
import type { Draft, Link } from '../../rules/contacts/link.ts';
import { linkKey, subjectUnder } from '../../rules/contacts/subject.ts';
import type { Contact } from '../../rules/maiagent/contact-search.ts';
import type { Clock } from '../clock.ts';
import { inTransaction, rowAfter, type Updated, type Write } from './conditional-update.ts';
import { claimContact, giveContactBack, hold, holderKey, holdToBind } from './contact-holder.ts';
import type { Lease, OutstandingWork, Sent } from '../lease.ts';
import * as erasure from './erasure-writes.ts';
import * as write from './link-writes.ts';
import * as visitor from './visitor-writes.ts';
import { DynamoTable } from './table.ts';
import { hasFailed, transact } from './transact.ts';
import { entryKey } from '../../rules/scim/withdrawn.ts';
import type { Withdrawals } from '../scim/withdrawals.ts';

/** The result of a binding. `ended`: this generation is over. `held`: another link, or an earlier generation of this one, holds the contact. */
export type Bound = 'bound' | 'ended' | 'held' | { readonly takenBy: string };

/**
 * The links, with every write of the protocol. Each is conditional; a lost race is a value with the row as it is now. A lost
 * acknowledgement does no harm: the SDK's repeat fails on the writer's own mark, which shows that the first attempt succeeded.
 */
export type LinkTable = Pick<DynamoLinkTable, keyof DynamoLinkTable>;

export class DynamoLinkTable extends DynamoTable {
  readonly #withdrawals: Withdrawals | undefined;

  /** `withdrawals` where ids are handed out and directories may take groups away. */
  constructor(client: DynamoDBClient, tableName: string, clock: Clock, withdrawals?: Withdrawals) {
    super(client, tableName, clock);
    this.#withdrawals = withdrawals;
  }

  /** Whether a directory has an entry that told last that this is the person. */
  hasEntry = async (source: string, userId: string): Promise<boolean> =>
    (await this.item(entryKey(source, userId)))?.['id'] !== undefined;

  /** Whether a directory is taking a group away that this link still has: then no id may be handed out. */
  async isWithdrawn(link: Link): Promise<boolean> {
    return (await this.#withdrawals?.hold(link)) ?? false;
  }

  /** The row as it is now, by a strongly consistent read. */
  async read(pk: string): Promise<Link | undefined> {
    if (this.#withdrawals && pk.startsWith('user#')) return this.#withdrawals.read(pk);
    const item = await this.item(pk);
    return item && (unmarshall(item) as Link);
  }

  /** The links that may have something to do with a contact: the one that holds it, and the one whose `sourceId` it has. */
  async about({ id, sourceId }: Pick<Contact, 'id' | 'sourceId'>): Promise<Link[]> {
    const holder = (await this.item(holderKey(id)))?.['holder']?.S;
    const subject = sourceId ? subjectUnder(sourceId) : undefined;
    const pks = new Set([holder, subject && linkKey(subject)].filter((pk) => pk !== undefined));
    const links = await Promise.all([...pks].map((pk) => this.read(pk)));
    return links.filter((link) => link !== undefined);
  }

  /** Writes the desired state under the writer's mark, and takes `lease` if given. `conflict`: the row, changed or leased meanwhile. */
  async writeDesired(
    pk: string,
    read: Link | undefined,
    draft: Draft,
    mark: string,
    lease?: Lease,
  ): Promise<{ written: Link } | { conflict: Link | undefined }> {
    const wrote = await this.update(pk, write.writeDesired(read, draft, mark, lease, this.clock.now()));
    if ('row' in wrote) return { written: wrote.row };
    // The first attempt of this write succeeded, and only its acknowledgement was lost.
    return wrote.failedOn?.revisedBy === mark ? { written: wrote.failedOn } : { conflict: wrote.failedOn };
  }

  /** Takes the lease of a row that was read, in order to send the row's desired state. */
  async acquire(read: Link, lease: Lease): Promise<{ acquired: Link } | { conflict: Link | undefined }> {
    const wrote = await this.update(read.pk, write.acquire(read, lease, this.clock.now()));
    if ('row' in wrote) return { acquired: wrote.row };
    return wrote.failedOn?.leaseOwner === lease.owner ? { acquired: wrote.failedOn } : { conflict: wrote.failedOn };
  }

  /** Binds a contact that a search found, if no other link holds it, and records the permissions it was found with. */
  async bind(link: Link, contactId: string, seen?: string): Promise<Bound> {
    const change = write.bind(link.generation, contactId, seen, this.clock.now());
    const refused = await this.#bindAndHold(link, contactId, change);
    if (!refused) return 'bound';
    const { failedOn, isHeld } = refused;
    if (failedOn?.generation === link.generation && failedOn.contactId === contactId) return 'bound';
    if (isHeld) return 'held';
    if (failedOn?.generation !== link.generation || failedOn.contactId === undefined) return 'ended';
    return { takenBy: failedOn.contactId };
  }

  /** Binds a created contact that no other link holds, and ends the lease. Reports that came meanwhile may be missing in the row that is returned. */
  async bindCreated(
    link: Link,
    lease: Lease,
    contactId: string,
    sent: Sent,
  ): Promise<{ bound: Link } | 'held' | 'superseded'> {
    const change = write.bindCreated(link, lease, contactId, sent, this.clock.now());
    const refused = await this.#bindAndHold(link, contactId, change);
    if (!refused) return { bound: rowAfter(link, change) };
    const { failedOn, isHeld } = refused;
    if (failedOn?.settledBy === lease.owner && failedOn.contactId === contactId) return { bound: failedOn };
    return isHeld ? 'held' : 'superseded';
  }

  /** Commits both rows or none, so that a contact which another link holds is never bound. */
  async #bindAndHold(
    link: Link,
    contactId: string,
    change: Write,
  ): Promise<{ failedOn: Link | undefined; isHeld: boolean } | undefined> {
    const held = holdToBind(link, this.clock.now());
    const [row, holder] = await this.#both([link.pk, change], [holderKey(contactId), held]);
    if (!row) return undefined;
    return { failedOn: row.Item && (unmarshall(row.Item) as Link), isHeld: holder !== undefined && hasFailed(holder) };
  }

  /** Claims a contact that is not bound, so that it can be anonymised or erased. False if another link holds it. */
  async hold(link: Link, contactId: string, purpose: 'empty' | 'erase'): Promise<boolean> {
    return 'row' in (await this.update(holderKey(contactId), hold(link, purpose, this.clock.now())));
  }

  /** Claims a contact that is not ours yet, for as long as the lease. False if another link holds or claims it, or an earlier generation. */
  async claim(link: Link, contactId: string, lease: Lease): Promise<boolean> {
    const wrote = await this.update(holderKey(contactId), claimContact(link, lease.untilMs, this.clock.now()));
    if ('row' in wrote) return true;
    const held = wrote.failedOn as Pick<Link, 'generation'> & { readonly holder?: string };
    return held.holder === link.pk && held.generation === link.generation;
  }

  /** Ends the claim: the contact stays what it was before. */
  async giveBack(link: Link, contactId: string): Promise<void> {
    await this.update(holderKey(contactId), giveContactBack(link));
  }

  /** Records what MaiAgent acknowledged and ends the lease. `outdated`: something newer is desired. `superseded`: another writer has the lease. */
  async confirm(link: Link, lease: Lease, sent: Sent): Promise<{ clean: Link } | { outdated: Link } | 'superseded'> {
    const clean = mine(lease, await this.update(link.pk, write.confirm(link, lease, sent, this.clock.now())));
    if (clean) return clean.desiredHash === sent.hash ? { clean } : { outdated: clean };
    const change = write.confirmOutdated(link, lease, sent, this.clock.now());
    const row = mine(lease, await this.update(link.pk, change));
    if (!row) return this.#endOfGeneration(link, lease, sent);
    return row.desiredHash === sent.hash ? { clean: row } : { outdated: row };
  }

  /** The lease is of an earlier life, or its worker knew of another contact or none: nothing is confirmed, but nobody need wait for this lease. */
  async #endOfGeneration(
    link: Link,
    lease: Lease,
    { everyRequestAnswered }: Sent,
  ): Promise<{ outdated: Link } | 'superseded'> {
    const retryAtMs = this.clock.now();
    const outstanding = { lastError: 'generation_ended', retryAtMs, everyRequestAnswered, isFailure: false };
    const ended = await this.giveUp(link, lease, outstanding);
    return ended === 'superseded' ? 'superseded' : { outdated: ended.released };
  }

  /** Ends the lease without success. While a request may still be open, the lease stays until it expires. */
  async giveUp(link: Link, lease: Lease, outstanding: OutstandingWork): Promise<{ released: Link } | 'superseded'> {
    for (const isNewer of [false, true]) {
      const change = write.giveUp(link, lease, outstanding, this.clock.now(), isNewer);
      const released = mine(lease, await this.update(link.pk, change));
      if (released) return { released };
    }
    return 'superseded';
  }

  /** Writes which contacts are still to be erased, and what became of one, before the next call to MaiAgent. `superseded`: the row has changed. */
  async changeFormerContacts(link: Link, lease: Lease, left: readonly string[], erased?: ErasedContact) {
    const change = erasure.changeFormerContacts(link, lease, left, erased, this.clock.now());
    const wrote = await this.update(link.pk, change);
    return 'row' in wrote ? { changed: wrote.row } : ('superseded' as const);
  }

  /** Starts the next generation of a subject whose contact is certainly gone at MaiAgent, and ends the lease. */
  async replaceMissingContact(link: Link, lease: Lease, sourceId: string): Promise<void> {
    await this.update(link.pk, write.replaceMissingContact(link, lease, sourceId, this.clock.now()));
  }

  /** Marks a link as outstanding, because its contact differs, with what else was found. False if the row has changed meanwhile. */
  async drifted(link: Link, found?: Pick<Link, 'claims' | 'formerContacts'>): Promise<boolean> {
    return 'row' in (await this.update(link.pk, write.drifted(link, this.clock.now(), found)));
  }

  /** Takes a link without outstanding work off the due list. */
  async clearDue(link: Link): Promise<void> {
    await this.update(link.pk, erasure.clearDue(link, this.clock.now()));
  }

  /** Ends a visitor who signed in: its token is refused, and the user's row names it. False where that has no room, and nothing was written. */
  async promote(visitorId: string, userId: string): Promise<boolean> {
    const nowMs = this.clock.now();
    // The user may have been deleted since the sign-in was answered: then the visitor is to be erased too.
    for (const isDeleted of [false, true]) {
      const [of, to] = await this.#both(
        [linkKey({ kind: 'visitor', visitorId }), visitor.promote(userId, nowMs)],
        [linkKey({ kind: 'user', userId }), visitor.nameVisitor(visitorId, isDeleted, nowMs)],
      );
      if (!to || !hasFailed(to) || (of && hasFailed(of))) return true;
    }
    return false;
  }

  /** Commits all or none; answers why not, for each. */
  async #both(...writes: readonly (readonly [pk: string, Write])[]): Promise<readonly CancellationReason[]> {
    const items = writes.map(([pk, one]) => inTransaction(this.tableName, pk, one));
    return (await transact(this.client, items, this.clock)) ?? [];
  }

  /** Counts one more visitor in this account, such as an hour; false when its budget is spent. */
  async spendVisitor(account: string, max: number): Promise<boolean> {
    return max > 0 && 'row' in (await this.update(`visitors#${account}`, visitor.spendVisitor(max, this.clock.now())));
  }
}

/** The row that this lease settled, now or in an earlier attempt whose acknowledgement was lost. */
function mine(lease: Lease, wrote: Updated): Link | undefined {
  if ('row' in wrote) return wrote.row;
  return wrote.failedOn?.settledBy === lease.owner ? wrote.failedOn : undefined;
}
