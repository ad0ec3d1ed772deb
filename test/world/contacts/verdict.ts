import { isDeepStrictEqual } from 'node:util';
import { judgeLedger, type LedgerRow } from '../../changes/judge-ledger.ts';
import { inboxId } from '../../rigs/real-parts.ts';
import type { PlainRow } from '../boundaries.ts';
import { judgeOrphans } from './judge-receipt.ts';
import type { Person } from './person.ts';
import { permissionsUnder, possibleTruths, shell, type Truth } from './truth.ts';
import { hasErased, isOf } from './witness.ts';

/** What a contact at MaiAgent says, in the words of `Truth`. */
type Seen = Pick<Truth, 'name' | 'email' | 'permissions'>;

/** After the faults: everything that must hold of one user's end state (design §3), as it can be seen from the outside. */
export function judge(person: Person): void {
  const { witness, userId, row, world } = person;
  if (!row) return person.accuse('there is no row');
  if (row.dueAt !== undefined || row.formerContacts !== undefined) person.accuse('something is still owed');
  if (row.confirmedHash !== row.desiredHash) person.accuse('the row is neither due nor clean');
  const { accepted, unsure } = witness.docsAt(Infinity);
  const truths = possibleTruths(accepted, unsure);
  const live = world.maiAgent.store.liveContacts.filter(
    (one) => isOf(userId, world.originOf(one)) && one.inboxes.includes(inboxId),
  );
  const contacts = live.map(({ id, name, email, queryMetadata }) => ({
    id,
    says: { name, email: email ?? '', permissions: queryMetadata } satisfies Seen,
  }));
  const current = contacts.filter(({ id }) => id === row.contactId);
  const others = contacts.filter(({ id }) => id !== row.contactId);
  if (!truths.some((truth) => truth?.accountStatus === row.accountStatus))
    person.accuse(`the row's life is ${row.accountStatus}`);
  const isLike = (says: Seen) =>
    truths.some((truth) => {
      if (truth?.accountStatus !== row.accountStatus) return false;
      const content = contentOf(truth, world.deployment);
      const isLess = (name: keyof Seen): boolean => isDeepStrictEqual(says[name], shell[name]);
      return (['name', 'email', 'permissions'] as const).every(
        (name) => isDeepStrictEqual(says[name], content[name]) || (hasErased(row) && isLess(name)),
      );
    });
  if (row.accountStatus === 'active' && current.length === 0) person.accuse('the bound contact is not live');
  for (const { says } of current) if (!isLike(says)) person.accuse(`the contact says ${JSON.stringify(says)}`);
  // What else is there of this user: of a former life, or made while the user was being disabled and bound to nobody.
  for (const { says } of others) {
    const isUnbound = row.contactId === undefined && row.accountStatus === 'disabled' && isLike(says);
    if (!isUnbound && !isDeepStrictEqual(says, shell)) person.accuse(`an extra contact says ${JSON.stringify(says)}`);
  }
  if (others.length > 1 && others.every(({ says }) => !isDeepStrictEqual(says, shell)))
    person.accuse('several live contacts');
  const isUnfinished = ({ deployment, finishedAt }: PlainRow) =>
    deployment !== world.deployment || finishedAt === undefined;
  if (world.rows('Links', 'evaluation#').some(isUnfinished)) person.accuse('a segment was not gone through twice');
  judgeIds(person);
  judgeNeighbours(person);
  const hasEnded = row.generation > 1 || [...accepted, ...unsure].some(({ kind }) => /^(deleted|disabled)$/.test(kind));
  judgeMadeByHand(person, hasEnded);
  judgeOrphans(person);
}

/** The ledger of the user store's deliveries; what was redriven must be true from now on, and what was discarded must not. */
export function judgeQuarantine(person: Person): void {
  const { deliveries, witness, world } = person;
  const { fates, wrong } = judgeLedger(deliveries, world.rows('Links') as unknown as LedgerRow[], world.discarded);
  for (const one of wrong) person.accuse(one);
  // An id that belongs to another event will never be this one's.
  for (const { doc, isRefused } of deliveries) if (doc && isRefused) witness.forget(doc);
  for (const [{ doc, id }, fate] of fates) {
    person.fates.push(fate);
    if (!doc) continue;
    const isIdTaken = deliveries.some(
      (other) => other.id === id && other.doc !== doc && fates.get(other) === 'applied',
    );
    if (fate === 'applied') witness.accepted(doc);
    else if (fate === 'discarded' || isIdTaken) witness.forget(doc);
    else person.accuse(`${id} is ${fate}, though it can be read`);
  }
}

/** What somebody made by hand is the user's by now, or as it was; it goes with the life that has it, or for which it was named, and no other way. */
function judgeMadeByHand(person: Person, hasEnded: boolean): void {
  const { madeByHand, row, userId, world } = person;
  const contact = madeByHand === undefined ? undefined : world.maiAgent.store.row(madeByHand);
  if (!contact) return;
  const isTheirs = isOf(userId, world.originOf(contact));
  const isUntouched = contact.deletedAt === null && contact.updatedAt === contact.createdAt;
  const wentAlong = hasEnded && contact.deletedAt !== null;
  if (!isTheirs && !isUntouched && !wentAlong) person.accuse('a contact was touched that was never ours');
  if (isTheirs && !hasEnded && (row?.contactId !== contact.id || contact.deletedAt !== null))
    person.accuse('a contact was taken and not bound');
}

/** Contacts that look like the user's are somebody else's: nobody may have touched them. */
function judgeNeighbours(person: Person): void {
  const { userId, world } = person;
  const neighbours = world.maiAgent.store.contacts.filter(
    (one) =>
      one.sourceId === `x${userId}` ||
      one.name === userId ||
      (one.sourceId === userId && !one.inboxes.includes(inboxId)),
  );
  if (neighbours.length !== 3 || neighbours.some((one) => one.deletedAt !== null || one.updatedAt !== one.createdAt))
    person.accuse('a foreign contact was touched');
}

const contentOf = ({ name, email, permissions }: Truth, deployment: number): Seen => ({
  name,
  email,
  permissions: permissionsUnder(deployment, permissions),
});

/** One id for each generation, in all answers there ever were. */
function judgeIds(person: Person): void {
  const idsBySource = new Map<string, Set<string>>();
  for (const { contactId } of person.witness.answers) {
    const contact = person.world.maiAgent.store.row(contactId);
    const sourceId = (contact && person.world.originOf(contact)) ?? 'null';
    idsBySource.set(sourceId, (idsBySource.get(sourceId) ?? new Set()).add(contactId));
  }
  for (const [sourceId, ids] of idsBySource) {
    if (ids.size > 1) person.accuse(`answered ${ids.size} ids for ${sourceId}`);
  }
}
