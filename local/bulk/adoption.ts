import { parse } from 'csv-parse/sync';
import { sourceIdOf, subjectUnder } from '../../functions/rules/contacts/subject.ts';
import { CommandError } from '../commands/command-error.ts';

/** What MaiAgent has in our inbox and no link knows: the `sourceId` of each contact, empty where it has none, and the contacts under each. */
export interface Unclaimed {
  readonly sourceIds: ReadonlyMap<string, string>;
  readonly under: ReadonlyMap<string, readonly string[]>;
}

/** What becomes of the contact that a user may have already: it is taken, there is none, or the row is refused. */
export interface Adoption {
  readonly takes?: string;
  readonly why?: string;
}

export function unclaimedOf(
  orphans: readonly { readonly contactId: string; readonly sourceId: string | null }[],
): Unclaimed {
  const under = Map.groupBy(orphans, ({ sourceId }) => sourceId ?? '');
  return {
    sourceIds: new Map(orphans.map(({ contactId, sourceId }) => [contactId, sourceId ?? ''])),
    under: new Map([...under].map(([sourceId, some]) => [sourceId, some.map(({ contactId }) => contactId)])),
  };
}

/** The contacts that somebody says are those of users: rows of `userId,contactId`. Throws `CommandError` for none, and where one is there twice. */
export function pairsIn(text: string): ReadonlyMap<string, string> {
  const rows = parse(text, { columns: true, skip_empty_lines: true }) as Record<string, string>[];
  const pairs = rows.map(({ userId = '', contactId = '' }) => [userId, contactId.toLowerCase()] as const);
  const isOnce = [0, 1].every((side) => new Set(pairs.map((pair) => pair[side])).size === pairs.length);
  const isWhole = pairs.length > 0 && pairs.every(([userId, contactId]) => userId !== '' && contactId !== '');
  if (isOnce && isWhole) return new Map(pairs);
  throw new CommandError('--adopt: the pairs must have the columns userId and contactId, and nobody in them twice');
}

/** Decided by exact ids alone, and never by a name or an address. `inFile` are all users of the file. */
export function adoptionOf(
  userId: string,
  bound: string | undefined,
  paired: string | undefined,
  all: Unclaimed,
  inFile: ReadonlySet<string | undefined>,
): Adoption {
  if (bound !== undefined)
    return paired === undefined || paired === bound ? {} : { why: 'has another contact already' };
  const own = all.under.get(sourceIdOf({ kind: 'user', userId }, 1)) ?? [];
  if (own.length > 1) return { why: `MaiAgent has ${own.length} contacts under this id` };
  if (paired === undefined) return own[0] === undefined ? {} : { takes: own[0] };
  const sourceId = all.sourceIds.get(paired);
  if (sourceId === undefined) return { why: 'its contact is not in our inbox, or is that of another user' };
  // An id of another system may stand there. By one that the bridge gives, somebody else would find the contact, and take it too.
  const whose = subjectUnder(sourceId);
  if (whose?.kind === 'visitor' || (whose && whose.userId !== userId && inFile.has(whose.userId)))
    return { why: 'its contact has the id of somebody else' };
  return own.length === 0 || own[0] === paired
    ? { takes: paired }
    : { why: 'MaiAgent has another contact under this id' };
}
