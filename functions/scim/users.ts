import { randomUUID } from 'node:crypto';
import { policyOf, type Settings } from '../env.ts';
import type { LinkTable } from '../io/aws/link-table.ts';
import type { Clock } from '../io/clock.ts';
import { logAbout, noteUnknown, type Log } from '../io/log.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import type { Part, ScimTable } from '../io/scim/scim-table.ts';
import { canonicalJson } from '../rules/canonical.ts';
import { draft, isTooLarge } from '../rules/contacts/link.ts';
import { linkKey } from '../rules/contacts/subject.ts';
import { shownKey } from '../rules/contacts/told.ts';
import { isMeant } from '../rules/scim/answer.ts';
import { documentOf } from '../rules/scim/document.ts';
import { ScimFailure } from '../rules/scim/failure.ts';
import {
  idOf,
  isKnown,
  keyOf,
  keysOf,
  nextVersion,
  tellingsOf,
  unwrittenIn,
  userIdIn,
  type Resource,
  type Telling,
} from '../rules/scim/resource.ts';
import type { ScimSource } from '../rules/scim/source.ts';
import type { Json } from '../rules/sources/json.ts';

/** One directory, with what its requests work with. They cannot call MaiAgent. */
export interface Directory {
  readonly source: ScimSource;
  readonly table: ScimTable;
  readonly settings: Settings;
  readonly links: LinkTable;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A user as it shall become: without a document it is deleted, or no more than a member of groups. With the document that it has only its
 * groups change: it stays who it is, so that nothing that the stage says now can keep a group with somebody.
 */
interface Wish extends Pick<Resource, 'document'> {
  readonly groups: NonNullable<Resource['groups']>;
  /** What is written in the same transaction. */
  readonly also?: readonly Part[];
  /** One of many: the link goes to the lanes of mass changes. */
  readonly isBulk?: boolean;
}

/** What becomes of a resource as it is now. It is asked again where another request came between the read and the write. */
export type Decide<Wished> = (before: Resource | undefined) => Wished | Promise<Wished>;

/** The resource as it is, where it is there and the one that is meant. */
export function present(before: Resource | undefined, ifMatch?: string): Resource & { readonly document: Json } {
  if (!before?.document) throw new ScimFailure('notFound');
  if (!isMeant(before, ifMatch)) throw new ScimFailure('preconditionFailed');
  return { ...before, document: before.document };
}

/**
 * Writes one user and what follows for the links in one transaction, so that the order of these commits is the order of the directory's
 * changes. Nothing is written where nothing changes; nothing, too, where `also` is done already, and then there is no answer.
 */
export function writeUser(directory: Directory, id: string, decide: Decide<Wish>): Promise<Resource | undefined> {
  const { source, table, clock } = directory;
  let stays = false;
  return retryConflicts(async () => {
    const before = await table.read('User', id);
    const { document, groups, also = [], isBulk = false } = await decide(before);
    const nowMs = clock.now();
    const isWritten = document !== before?.document;
    // Who cannot become what the stage says now stays as it is: that must keep nobody from being disabled.
    const was = document?.['active'] === false ? before?.userId : undefined;
    const next = () => document && ((stays && was) || userIdIn(source, document, was));
    const userId = isWritten ? next() : before?.userId;
    const keys = isWritten ? keysOf('User', document, userId) : before?.keys;
    const resource: Resource = {
      id,
      document,
      groups,
      revision: (before?.revision ?? 0) + 1,
      changedAtMs: nowMs,
      createdAtMs: before?.document ? before.createdAtMs : nowMs,
      userId,
      keys,
    };
    const mark = randomUUID();
    const unwritten = isWritten ? await unwrittenBy(directory, before, userId) : undefined;
    const told = tellingsOf(source, before, resource, unwritten).map((one) => inLink(directory, one, { mark, isBulk }));
    const links = (await Promise.all(told)).flat();
    const isSame = canonicalJson(contentOf(before)) === canonicalJson(contentOf(resource));
    if (before && isSame && links.length + also.length === 0) return before;
    const row = isSame ? table.check('User', before, id) : table.put('User', before, resource, mark);
    // An entry may become that person meanwhile: this gives the key back, which the entry has then.
    const gone = before?.userId === userId ? undefined : before?.userId;
    const known = before?.keys ?? keysOf('User', before?.document, gone);
    const had = [...known, ...(unwritten === undefined ? [] : [keyOf('userId', unwritten)])];
    const outcome = await table.commit([row, ...table.keys('User', id, had, keys ?? had), ...links, ...also], mark);
    if (outcome === 'taken' && (was === undefined || was === userId)) throw new ScimFailure('uniqueness');
    stays ||= outcome === 'taken';
    if (outcome === 'conflict' || outcome === 'taken') return 'conflict';
    return outcome === 'done' ? (isSame ? before : resource) : undefined;
  });
}

const contentOf = ({ document, groups = {}, userId, keys = [] }: Partial<Resource> = {}) => [
  document,
  groups,
  userId,
  keys,
];

/** Whom the entry was by the stage as it is now, without ever being written so; nobody where another entry is that person. */
async function unwrittenBy({ source, table }: Directory, before: Resource | undefined, next: string | undefined) {
  const userId = unwrittenIn(source, before);
  const isFree = userId !== undefined && userId !== next && !(await table.entryOf(userId));
  return isFree ? userId : undefined;
}

/** The write of one link, under the version that follows there; none where the link has it already. */
async function inLink(
  { source, settings, table, links, log }: Directory,
  { userId, ...telling }: Telling,
  { mark, isBulk }: { readonly mark: string; readonly isBulk: boolean },
): Promise<Part[]> {
  const subject = { kind: 'user', userId } as const;
  const link = await links.read(linkKey(subject));
  logAbout({ person: link?.pseudonym ?? mark });
  const reports = link?.reports ?? [];
  const change = { source: source.name, version: nextVersion(reports, source), ...telling };
  if (isKnown(reports, change)) return [];
  const next = draft(subject, link, change, policyOf(settings));
  if (!next.isNews) return [];
  if (isTooLarge(next, change)) throw new ScimFailure('tooLarge');
  noteUnknown(log, next.desired.unknown.map(shownKey));
  const urgency = isBulk ? (next.urgency === 'urgent' ? 'losses' : 'gains') : next.urgency;
  return [table.link(linkKey(subject), link, { ...next, urgency }, mark)];
}

/** True where the directory let this entry go, and this document may be the same user's return, by its `externalId`. */
const isLetGo = ({ document: there }: Partial<Resource>, { externalId, active }: Json): boolean =>
  there?.['active'] === false &&
  active !== false &&
  typeof externalId === 'string' &&
  (there['externalId'] ?? externalId) === externalId;

/**
 * Lets another entry that was let go give up the `externalId` of this document. That entry stays as it is otherwise, because the directory may still
 * write to it and means the person whose it was. Throws `uniqueness` where it was not let go. Answers whether there was one. A process that dies after
 * this has lost nothing: the repeated request finds the `externalId` free.
 */
async function freeExternalId(directory: Directory, document: Json, own: string | undefined): Promise<boolean> {
  const { externalId } = document;
  if (typeof externalId !== 'string') return false;
  const held = await directory.table.holderOf('User', keyOf('externalId', externalId));
  if (held === undefined || held === own) return false;
  await writeUser(directory, held, (before) => {
    if (!before?.document || !isLetGo(before, document)) throw new ScimFailure('uniqueness');
    const { externalId: _, ...rest } = before.document;
    return { document: rest, groups: before.groups ?? {} };
  });
  return true;
}

const isTaken = (error: unknown): boolean => error instanceof ScimFailure && error.kind === 'uniqueness';

/**
 * Of several equal requests one creates the user; the others are told that it is there. One who was let go is made active again: Okta creates
 * anew who comes back or has another `userName` (rancher/rancher, issue 54024), and asks for nothing else after a refusal.
 */
export async function createUser(directory: Directory, body: unknown): Promise<Resource> {
  const { source, table } = directory;
  const document = documentOf('User', body);
  const userId = userIdIn(source, document);
  const [name = ''] = keysOf('User', document);
  const create = (id: string, isFree: (there: Resource) => boolean) =>
    writeUser(directory, id, (before) => {
      if (before && !isFree(before)) throw new ScimFailure('uniqueness');
      return { document, groups: before?.groups ?? {} };
    });
  const isGone = ({ document: there }: Resource): boolean => !there;
  const isReturn = (there: Resource): boolean =>
    isLetGo(there, document) && (there.userId === userId || keysOf('User', there.document).includes(name));
  const created = await create(idOf(source, userId), isGone).catch(async (error: unknown) => {
    if (!isTaken(error)) throw error;
    const own = (await table.holderOf('User', name)) ?? (await table.holderOf('User', keyOf('userId', userId)));
    const there = own === undefined ? undefined : await table.read('User', own);
    // Before another entry gives anything up: where the user is there, a key is taken.
    if (there && !isReturn(there)) throw error;
    await freeExternalId(directory, document, own);
    // The one who has this id may be somebody else by now.
    return own === undefined ? create(randomUUID(), isGone) : create(own, isReturn);
  });
  return present(created);
}

/** Replaces or patches a user, as `write` does with its document. What does not say whether the user is active leaves that as it is. */
export async function changeUser(
  directory: Directory,
  id: string,
  ifMatch: string | undefined,
  write: (document: Json) => Json | Promise<Json>,
): Promise<Resource> {
  let wanted: Json = {};
  const change = () =>
    writeUser(directory, id, async (before) => {
      const { document, groups = {} } = present(before, ifMatch);
      const { active = document['active'], ...rest } = await write(document);
      wanted = { ...rest, ...(active !== undefined && { active }) };
      return { document: wanted, groups };
    });
  const changed = await change().catch(async (error: unknown) => {
    if (!isTaken(error) || !(await freeExternalId(directory, wanted, id))) throw error;
    return change();
  });
  return present(changed);
}

/** The directory has deleted the user: the person's contact is erased, and no group has the user any more. */
export async function deleteUser(directory: Directory, id: string, ifMatch: string | undefined): Promise<void> {
  await writeUser(directory, id, async (before) => {
    const known = Object.keys(present(before, ifMatch).groups ?? {});
    const groups = [...new Set([...(await directory.table.joined(id)), ...known])];
    return { document: undefined, groups: {}, also: await directory.table.forget(groups, id, true) };
  });
}
