import type { Lease, Sent } from '../../functions/io/lease.ts';
import type { Write } from '../../functions/io/aws/conditional-update.ts';
import { changeFormerContacts, clearDue } from '../../functions/io/aws/erasure-writes.ts';
import * as real from '../../functions/io/aws/link-writes.ts';
import type { Draft, Link } from '../../functions/rules/contacts/link.ts';
import type { DesiredContact } from '../../functions/rules/contacts/desired.ts';
import type { Read, Row } from './link-row.ts';
import type { LinkWrites } from './link-writes.ts';

/** The moment at which every write is made, in ms: leases that are over ended before it, the others end after it. */
const NOW_MS = 1_000;
const OVER_MS = 500;
const LATER_MS = 2_000;
const AT = '2026-01-01T00:00:00.000Z';

const contact: DesiredContact = { name: '', email: '', phoneNumber: '', avatar: '', queryMetadata: {}, metadata: [] };

/** The model's row as the table has it; a generation's number stands for its `sourceId`. */
export function linkOf(row: Row, pk: string): Link {
  const { accountStatus, generation, revision, desired, confirmed, lease } = row;
  return {
    pk,
    accountStatus,
    generation,
    reports: [],
    revision,
    revisedBy: 'somebody',
    desired: contact,
    desiredHash: desired,
    desiredPermissions: desired,
    sourceId: String(generation),
    createdAt: AT,
    updatedAt: AT,
    ...(confirmed !== null && { confirmedHash: confirmed, confirmedPermissions: confirmed, confirmedAt: AT }),
    ...(row.contact !== null && { contactId: row.contact }),
    ...(row.formerContacts.length > 0 && { formerContacts: row.formerContacts }),
    ...(row.isDue && { dueShard: '0', dueAt: 1 }),
    ...(lease && {
      leaseOwner: lease.owner,
      leaseUntil: lease.isOver ? OVER_MS : LATER_MS,
      openRequests: 1,
      sentHash: lease.sent,
      sentPermissions: lease.sent,
    }),
  };
}

/** The table's row as the model sees it; throws where it says what no row of the model says. */
export function rowOf(link: Link): Row {
  const { leaseOwner, leaseUntil = 0, openRequests, sentHash = '', dueShard, dueAt } = link;
  const isOdd =
    link.confirmedHash !== link.confirmedPermissions ||
    link.desiredHash !== link.desiredPermissions ||
    link.sentHash !== link.sentPermissions ||
    (leaseOwner === undefined) !== (openRequests === undefined) ||
    (dueShard === undefined) !== (dueAt === undefined) ||
    link.sourceId !== String(link.generation) ||
    link.accountStatus === 'disabled';
  if (isOdd) throw new Error(`no row of the models: ${JSON.stringify(link)}`);
  return {
    revision: link.revision,
    accountStatus: link.accountStatus === 'active' ? 'active' : 'deleted',
    generation: link.generation,
    desired: link.desiredHash,
    confirmed: link.confirmedHash ?? null,
    contact: link.contactId ?? null,
    formerContacts: link.formerContacts ?? [],
    lease: leaseOwner === undefined ? null : { owner: leaseOwner, isOver: leaseUntil < NOW_MS, sent: sentHash },
    isDue: dueShard !== undefined,
  };
}

type Change<Name extends keyof LinkWrites> = Parameters<LinkWrites[Name]>[1];

/** How each write of the models is made by the code. `link` is the row that it meets. */
export const realWrites: { readonly [Name in keyof LinkWrites]: (row: Row, change: Change<Name>) => Write } = {
  writeDesired: (row, { read, draft, owner }) =>
    real.writeDesired(
      linkRead(row, read, owner),
      draftOf(draft),
      'mark',
      owner === null ? undefined : leaseOf(owner),
      NOW_MS,
    ),
  acquire: (row, { accountStatus, generation, owner }) =>
    real.acquire(linkOf({ ...row, accountStatus, generation }, ''), leaseOf(owner), NOW_MS),
  bind: (_, { generation, contact }) => real.bind(generation, contact, undefined, NOW_MS),
  bindCreated: (row, { contact, heldFor: _heldFor, ...settling }) =>
    real.bindCreated(
      linkOf({ ...row, generation: settling.generation }, ''),
      leaseOf(settling.owner),
      contact,
      sentOf(settling),
      NOW_MS,
    ),
  confirm: (row, settling) =>
    real.confirm(
      linkOf({ ...row, generation: settling.generation, contact: settling.contact }, ''),
      leaseOf(settling.owner),
      sentOf(settling),
      NOW_MS,
    ),
  confirmOutdated: (row, settling) => {
    const { generation, owner, contact: known } = settling;
    return real.confirmOutdated(
      linkOf({ ...row, generation, contact: known }, ''),
      leaseOf(owner),
      sentOf(settling),
      NOW_MS,
    );
  },
  giveUp: (row, { owner, everyRequestAnswered }) => {
    const outstanding = { lastError: 'sample', retryAtMs: LATER_MS, isFailure: true, everyRequestAnswered };
    return real.giveUp(linkOf(row, ''), leaseOf(owner), outstanding, NOW_MS);
  },
  removeFormerContact: (row, { owner, before, entry }) =>
    changeFormerContacts(
      linkOf({ ...row, formerContacts: before }, ''),
      leaseOf(owner),
      before.filter((one) => one !== entry),
      undefined,
      NOW_MS,
    ),
  replaceMissingContact: (row, { owner, contact, generation }) =>
    real.replaceMissingContact(
      linkOf({ ...row, contact, generation }, ''),
      leaseOf(owner),
      String(generation + 1),
      NOW_MS,
    ),
  drifted: (row, { revision, confirmed }) => real.drifted(linkOf({ ...row, revision, confirmed }, ''), NOW_MS),
  clearDue: (row, { revision, confirmed }) => clearDue(linkOf({ ...row, revision, confirmed }, ''), NOW_MS),
};

/** What the writer had read: the row itself where it takes the lease along, and what it remembers of it otherwise. */
function linkRead(row: Row, read: Read, owner: string | null): Link | undefined {
  if (read.revision === 0) return undefined;
  if (owner !== null) return linkOf(row, '');
  const { isClean, ...rest } = read;
  const desired = isClean ? (read.confirmed ?? '') : `not ${read.confirmed}`;
  return linkOf({ ...row, ...rest, desired, lease: null }, '');
}

const leaseOf = (owner: string): Lease => ({ owner, untilMs: LATER_MS, sendUntil: LATER_MS });

const sentOf = ({ sent, everyRequestAnswered }: { sent: string; everyRequestAnswered: boolean }): Sent => ({
  hash: sent,
  permissions: sent,
  everyRequestAnswered,
});

const draftOf = ({ accountStatus, generation, desired }: Change<'writeDesired'>['draft']): Draft => ({
  accountStatus,
  generation,
  reports: [],
  desired: { contact, hash: desired, permissions: desired, unknown: [] },
  deployment: 1,
  sourceId: String(generation),
  erases: false,
  urgency: 'first',
  isNews: true,
});
