import { randomUUID } from 'node:crypto';
import { kindOf, logApart } from '../io/log.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import { withdrawal } from '../rules/scim/withdrawn.ts';
import { SECOND_PASS_AFTER_MS } from '../rules/evaluation.ts';
import { Unavailable } from '../rules/failure.ts';
import { documentOf, operationsIn, patched } from '../rules/scim/document.ts';
import { ScimFailure } from '../rules/scim/failure.ts';
import { difference, isOfMembers, memberChange, withoutMembers, type MemberChange } from '../rules/scim/members.ts';
import { groupNameOf, keysOf, type Resource } from '../rules/scim/resource.ts';
import type { Bucket } from '../rules/scim/turns.ts';
import { present, writeUser, type Decide, type Directory } from './users.ts';

/** So many members a request carries into their links before it is answered. More of them the schedule gives or takes. */
const INLINE_MAX = 100;
/** Shorter than the function's timeout, so that the request is answered. */
const CARRY_MS_MAX = 20_000;

/** A group as it shall become; without a document it is deleted. Who stays gets its new name. */
type Wish = MemberChange & Pick<Resource, 'document' | 'groupName'> & { readonly stay?: readonly string[] };

export function createGroup(directory: Directory, body: unknown): Promise<Resource> {
  const { rest, members: joins = [] } = withoutMembers(body);
  const document = documentOf('Group', rest);
  return writeGroup(directory, randomUUID(), () => ({ document, joins, leaves: [] }));
}

/** Replaces the group. A body without `members` leaves the members as they are. */
export function replaceGroup(
  directory: Directory,
  id: string,
  ifMatch: string | undefined,
  body: unknown,
): Promise<Resource> {
  const { rest, members } = withoutMembers(body);
  const document = documentOf('Group', rest);
  return writeGroup(directory, id, async (before) => {
    present(before, ifMatch);
    const known = members ? await membersOf(directory, id) : [];
    return { document, ...difference(known, members ?? []) };
  });
}

export function patchGroup(
  directory: Directory,
  id: string,
  ifMatch: string | undefined,
  body: unknown,
): Promise<Resource> {
  const operations = operationsIn(body);
  const others = operations.filter((one) => !isOfMembers(one));
  return writeGroup(directory, id, async (before) => {
    const { document } = present(before, ifMatch);
    const change = await memberChange(operations.filter(isOfMembers), () => membersOf(directory, id));
    return { document: await patched('Group', document, others), ...change };
  });
}

export const deleteGroup = (directory: Directory, id: string, ifMatch: string | undefined): Promise<Resource> =>
  writeGroup(directory, id, async (before) => {
    present(before, ifMatch);
    return { document: undefined, joins: [], leaves: await membersOf(directory, id) };
  });

export const membersOf = async ({ table }: Pick<Directory, 'table'>, id: string): Promise<string[]> =>
  (await table.buckets(id)).flatMap(({ members = [] }) => [...members]);

/**
 * Writes a group with who is to be carried into their links, and then carries a few members itself. From the commit on the schedule carries
 * whoever is left, whatever dies, and of many who lose the group nobody gets an id until they are carried.
 */
async function writeGroup(
  directory: Directory,
  id: string,
  decide: Decide<Omit<Wish, 'groupName'>>,
): Promise<Resource> {
  const { source, table, clock } = directory;
  const until = clock.elapsed() + CARRY_MS_MAX;
  let isLate = false;
  const { group, buckets } = await retryConflicts(async () => {
    const before = await table.read('Group', id);
    // A repetition finds nothing left to do, also in a group that is gone: it first carries those who may still have what was taken.
    isLate = before !== undefined && (await table.due(id)).losing === 'few' && !(await carryRest(directory, id, until));
    if (isLate && !before?.document) throw new Unavailable('contended');
    const { document, joins, leaves } = await decide(before);
    const groupName = groupNameOf(source, { id, document });
    // That somebody leaves is taken in any case: the group may have a name later.
    if (document && groupName === undefined && leaves.length === 0) throw new ScimFailure('invalidValue');
    const named = new Set([...joins, ...leaves]);
    const isRenamed = before && document && before.groupName !== groupName;
    const stay = isRenamed ? (await membersOf(directory, id)).filter((one) => !named.has(one)) : [];
    if (!before || leaves.length === 0 || joins.length + stay.length === 0)
      return commit(directory, id, before, { document, groupName, joins, stay, leaves });
    // In one commit members only join or only leave; those who leave are the first.
    const left = await commit(directory, id, before, { ...before, joins: [], leaves });
    if (left === 'conflict') return left;
    const all = await commit(directory, id, left.group, { document, groupName, joins, stay, leaves: [] });
    return all === 'conflict' ? all : { ...all, buckets: [...left.buckets, ...all.buckets] };
  });
  if (!(await carryAll(directory, id, buckets, until, false)) || isLate) throw new Unavailable('contended');
  return group;
}

/** Answers the group, and the buckets of those whom the request itself carries. */
async function commit(
  { source, table, clock }: Directory,
  id: string,
  before: Resource | undefined,
  { document, groupName, joins, stay = [], leaves }: Wish,
): Promise<{ readonly group: Resource; readonly buckets: readonly Bucket[] } | 'conflict'> {
  const changedAtMs = clock.now();
  const createdAtMs = before?.createdAtMs ?? changedAtMs;
  const keys = keysOf('Group', document);
  const revision = (before?.revision ?? 0) + 1;
  const group: Resource = { id, document, groupName, revision, createdAtMs, changedAtMs, keys };
  const was = before?.groupName ?? (before && groupNameOf(source, before));
  const named = [...new Set([...joins, ...stay, ...leaves])];
  const losing = was === groupName ? leaves : named;
  const isLoss = was !== undefined && losing.length > 0;
  const isMany = losing.length > INLINE_MAX;
  const buckets = table.among(id, leaves.length > 0 ? 'leave' : 'join', named, groupName);
  const mark = randomUUID();
  const parts = [
    table.put('Group', before, group, mark),
    ...table.keys('Group', id, before?.keys ?? keysOf('Group', before?.document), keys),
    ...buckets.map((bucket) => table.write(bucket, new Set(stay))),
    ...(named.length > 0 ? [table.carryLater(id, isLoss ? (isMany ? 'many' : 'few') : undefined)] : []),
    ...table.withdraw('ADD', isLoss && isMany ? [withdrawal(id, was)] : []),
  ];
  const outcome = await table.commit(parts, mark);
  if (outcome === 'taken') throw new ScimFailure('uniqueness');
  // The schedule makes room. Nothing is committed before.
  if (outcome === 'full') throw new Unavailable('contended');
  return outcome === 'done' ? { group, buckets: named.length > INLINE_MAX ? [] : buckets } : 'conflict';
}

/** So many groups are read and renamed before the time is looked at. When so many are to be tried again, no more are read. */
const READ = 10;

/**
 * Gives every group the name that the stage wants, where it names another attribute since the members were told; a second time for what
 * functions of the earlier deployment wrote meanwhile. A call goes on where the last one was, and tries again what was not done.
 */
export async function renameGroups(directory: Directory, until: number): Promise<void> {
  const { source, table, clock } = directory;
  const known = await table.naming();
  const own = known.groupNames === source.groupNames ? known : {};
  const isAgain = own.at !== undefined && !own.isLast && clock.now() >= own.at + SECOND_PASS_AFTER_MS;
  const { isLast = false, at, after, left = [] }: typeof own = isAgain ? { isLast: true, left: own.left } : own;
  if (at !== undefined && left.length === 0) return;
  const ids = at === undefined ? await table.ids('Group') : [];
  const rest = ids.slice(ids.indexOf(after ?? '') + 1);
  const all = [...rest, ...left];
  const again: string[] = [];
  let seen = 0;
  for (; seen < all.length && again.length < READ && clock.elapsed() <= until; seen += READ)
    for (const one of await table.readAll('Group', all.slice(seen, seen + READ)))
      if (!(await rename(directory, one))) again.push(one.id);
  await table.named({
    groupNames: source.groupNames,
    isLast,
    at: at ?? (seen < rest.length ? undefined : clock.now()),
    after: rest.slice(0, seen).at(-1) ?? after,
    left: [...all.slice(Math.max(seen, rest.length)), ...again],
  });
}

/** False where it is to be tried again, such as where the row of withdrawals is full. */
async function rename(directory: Directory, one: Resource): Promise<boolean> {
  const groupName = groupNameOf(directory.source, one);
  if (one.groupName === groupName) return true;
  try {
    const stay = await membersOf(directory, one.id);
    return (await commit(directory, one.id, one, { ...one, groupName, joins: [], stay, leaves: [] })) !== 'conflict';
  } catch (error) {
    directory.log.error('carry-failed', { source: directory.source.name, kind: kindOf(error) });
    return false;
  }
}

/** How many buckets are carried at once; within one the members come one after the other, because they write the same row. */
const ABREAST = 8;

/** Brings everybody who is pending to what their group says, and then ends its withdrawal. False where the time was up. */
export async function carry(directory: Directory, groupId: string, until: number, isBulk: boolean): Promise<boolean> {
  const { table, clock } = directory;
  while (clock.elapsed() <= until) {
    const group = await table.read('Group', groupId);
    const open = (await table.buckets(groupId)).filter(({ pending }) => pending);
    if (open.length === 0) {
      const parts = [table.check('Group', group, groupId), ...(await endOf(directory, groupId))];
      if ((await table.commit(parts, randomUUID())) === 'done') return true;
      continue;
    }
    await carryAll(directory, groupId, open, until, isBulk);
  }
  return false;
}

/** The same in a request. One who cannot be written is logged by now, and keeps the answer back alone: nobody else is kept in the group. */
const carryRest = (directory: Directory, groupId: string, until: number): Promise<boolean> =>
  carry(directory, groupId, until, false).catch(() => false);

/**
 * The same for those who are pending in these buckets: their rows and links, one member a transaction. Others may do the same at the same
 * time. `isBulk` where they are many. False where the time was up. One who cannot be written stays pending and keeps nobody else; the first
 * such failure is thrown once everybody else is done.
 */
async function carryAll(directory: Directory, groupId: string, all: readonly Bucket[], until: number, isBulk: boolean) {
  const buckets = all.values();
  const failures: unknown[] = [];
  const isInTime = (): boolean => directory.clock.elapsed() <= until;
  const one = async (bucket: Bucket, member: string): Promise<void> => {
    try {
      await carryOne(directory, groupId, { bucket, member, isBulk });
    } catch (error) {
      directory.log.error('member-not-carried', { source: directory.source.name, kind: kindOf(error) });
      failures.push(error);
    }
  };
  const worker = async (): Promise<void> => {
    for (const bucket of buckets)
      for (const member of bucket.pending ?? []) if (isInTime()) await logApart(() => one(bucket, member));
  };
  await Promise.all(Array.from({ length: ABREAST }, worker));
  if (failures.length > 0) throw failures[0];
  return isInTime();
}

/** Longer than any reply takes. A batch is no snapshot: one that read a link before it was carried may read the withdrawal after that. */
const HOLD_MS = 30_000;

/** What ends the carrying of a group, and its withdrawal, where it is one that was held for long enough. */
async function endOf({ table, clock }: Directory, groupId: string) {
  const entries = (await table.withdrawals()).filter((one) => one.startsWith(withdrawal(groupId, '')));
  const { heldFrom = Infinity } = entries.length > 0 ? await table.due(groupId) : { heldFrom: 0 };
  if (heldFrom > clock.now() - HOLD_MS) return [table.note(groupId, 'heldFrom')];
  return [table.carriedAll(groupId), ...table.withdraw('DELETE', entries)];
}

type Carried = { readonly bucket: Bucket; readonly member: string; readonly isBulk: boolean };

const carryOne = (directory: Directory, groupId: string, { bucket, member, isBulk }: Carried) =>
  writeUser(directory, member, (before) => {
    const { [groupId]: _, ...others } = before?.groups ?? {};
    const { members, groupName } = bucket;
    const isIn = members?.has(member) && groupName !== undefined;
    const groups = isIn ? { ...others, [groupId]: groupName } : others;
    return { document: before?.document, groups, also: [directory.table.carried(bucket, member)], isBulk };
  });
