import type { Batch, Recipient } from '../broadcasts/batch.ts';
import { BROADCAST, type Broadcast } from '../broadcasts/broadcast.ts';
import type { Run } from '../broadcasts/run.ts';
import { linkKey } from '../contacts/subject.ts';

type Row = Broadcast | Run | Batch;

/** Whose records are erased: the link, the contacts of lives that are over, and `present`, that of a life that began since, or `''`. */
export interface Person {
  readonly pk: string;
  /** The deletion, in ms since 1970. */
  readonly since: number;
  readonly contactIds: readonly string[];
  readonly present?: string;
  /** True if something of this person is not over yet: the next pass finds it. */
  readonly isOpen?: true;
}

/**
 * The row without these people; the same one where they are not in it, and `open` with those whom it still needs. The recipients and their
 * states stay, so that the counts do, and `nobody` makes another id for the place of each in a list.
 */
export function withoutPeople(
  row: Row,
  people: readonly Person[],
  nobody: () => string,
): Row | { open: readonly Person[] } {
  if (isBroadcast(row)) return broadcastWithout(row, people, nobody);
  if (!isBatch(row)) {
    // Its worker may have read anybody's link before the deletion, and write it after this pass. Planning ends: a worker that dies is
    // replaced, a run that stays is alarmed of, and a cancel ends it.
    if (!row.isPlanned && row.endedAtMs === undefined) return { open: people };
    // The place where the planning of everybody went on is a key of `Links`, which may end with a person's id.
    return row.cursor === '' ? row : { ...row, cursor: '' };
  }
  const open = people.filter((person) => row.recipients.some((one) => isOf(person, one)));
  if (open.length === 0) return row;
  // A message is under way, or is looked for: until then the batch needs its contacts.
  if (row.dueAt !== undefined) return { open };
  const recipients = row.recipients.map((one) => {
    const { state, reason, at } = one;
    const erased = { state, at, ...(reason !== undefined && { reason }) };
    return open.some((person) => isOf(person, one)) ? erased : one;
  });
  return { ...row, recipients };
}

const isOf = ({ pk, contactIds, present }: Person, { pk: planned, contactId }: Recipient): boolean =>
  (planned === pk && (contactId === undefined || contactId !== present)) ||
  (contactId !== undefined && contactIds.includes(contactId));

function broadcastWithout(broadcast: Broadcast, people: readonly Person[], nobody: () => string): Broadcast {
  const { audience } = broadcast;
  const contacts = new Set(people.flatMap(({ contactIds }) => contactIds));
  // Whoever was created again is meant by the id again.
  const users = new Set(people.filter(({ present }) => present === undefined).map(({ pk }) => pk));
  let isSame = true;
  const replaced = (id: string, isTheirs: boolean): string => {
    isSame &&= !isTheirs;
    return isTheirs ? nobody() : id;
  };
  const userIds = (ids: readonly string[]) =>
    ids.map((id) => replaced(id, users.has(linkKey({ kind: 'user', userId: id }))));
  const contactIds = (ids: readonly string[]) => ids.map((id) => replaced(id, contacts.has(id)));
  const { except } = audience;
  const after = {
    ...audience,
    ...(audience.kind === 'users' && { userIds: userIds(audience.userIds) }),
    ...(audience.kind === 'contacts' && { contactIds: contactIds(audience.contactIds) }),
    ...(except && {
      except: {
        ...(except.userIds && { userIds: userIds(except.userIds) }),
        ...(except.contactIds && { contactIds: contactIds(except.contactIds) }),
      },
    }),
  };
  return isSame ? broadcast : { ...broadcast, audience: after };
}

const isBroadcast = (row: Row): row is Broadcast => row.sk === BROADCAST;
const isBatch = (row: Row): row is Batch => row.sk.startsWith('batch#');
