import type { ErasureAnswer } from '../http/erasure-answers.ts';
import { isClean, type Link } from '../contacts/link.ts';
import { latestIn, reportOf } from '../contacts/reports.ts';
import { isDirectory } from '../scim/directory.ts';
import type { SourceDeclaration } from '../sources/source.ts';

const DAY_MS = 86_400_000;
/** How far back DynamoDB restores a table (AWS, "Point-in-time recovery"). */
const RESTORABLE_DAYS = 35;
const EVENT_RECEIPT_DAYS = 8;
/**
 * As long an event lies in a queue (`infra/event-queue.ts`), the time in the queue of what cannot be taken included. Whoever moves it back begins the time
 * anew (AWS, "Configure a dead-letter queue redrive"), and the queues outlive the source.
 */
const QUEUED_DAYS = 14;
/** As long `functions/io/stores/full-reads.ts` keeps what was found; a row `read#…` goes two days after the reading. */
const FINDING_DAYS = 30;
/** What is left of a directory that is none any more. */
const FORMER =
  'what a directory wrote that the stage does not declare any more: it goes with the records, or where these are erased already with another deletion of the user';
const at = (ms: number): string => new Date(ms).toISOString();

/** What the settings say of how long things are kept. */
interface Keeping {
  readonly quarantineDays: number;
  readonly logRetentionDays: number;
  readonly sources: readonly SourceDeclaration[];
}

/**
 * What was erased of somebody, what is still to be done, and what is left until when, by the row alone; `undefined` for somebody whom nobody
 * deleted. Contact ids are shown of those that remain, because people have to find them in MaiAgent's console. `isInFormer`: a directory that the
 * stage declared once has an entry of the person, see `otherSourcesOf`.
 */
export function receiptOf(link: Link, keeping: Keeping, isInFormer = false): Omit<ErasureAnswer, 'userId'> | undefined {
  const { erasing, erasedRecords, erasedContacts = [], formerContacts = [], accountStatus } = link;
  const since = erasing ?? erasedRecords?.since;
  if (since === undefined) return undefined;
  const contacts = [...erasedContacts, ...(erasedRecords?.contacts ?? [])].map((one) => ({
    contactId: one.how === 'anonymised' ? one.contactId : null,
    how: one.how,
    at: at(one.at),
    conversations: [...(one.conversations ?? [])],
    conversationsInAll: one.conversationsInAll ?? 0,
    keepsSourceId: one.keepsSourceId ?? false,
  }));
  // What follows the `none` permissions was erased before.
  const isErased = (id: string): boolean =>
    erasedContacts.some(({ contactId, how, at: ms }) => contactId === id && how === 'anonymised' && ms >= since);
  const areContactsLeft = formerContacts.some((id) => !isErased(id)) || (accountStatus === 'deleted' && !isClean(link));
  const outstanding = [
    ...(areContactsLeft ? (['contacts'] as const) : []),
    ...(erasing === undefined ? [] : (['records'] as const)),
  ];
  const isDone = outstanding.length === 0;
  const doneMs = Math.max(erasedRecords?.at ?? 0, ...erasedContacts.map((one) => one.at));
  return {
    state: isDone ? 'done' : 'outstanding',
    since: at(since),
    doneAt: isDone ? at(doneMs) : null,
    outstanding,
    contacts,
    left: leftOf(link, contacts, { since, doneMs: isDone ? doneMs : undefined, isInFormer }, keeping),
  };
}

/** Whether a directory has an entry of the person: it has told of them, and its own deletion was not the last word. */
const isInDirectory = ({ reports }: Link, sources: readonly SourceDeclaration[]): boolean =>
  sources.filter(isDirectory).some(({ name }) => {
    const report = reportOf(reports, name);
    return report !== undefined && report.deleted !== latestIn(report);
  });

/** Who told of somebody and is no directory of the stage. Of one that it declared once nobody but an erasure takes the entry away. */
export function otherSourcesOf({ reports }: Pick<Link, 'reports'>, sources: readonly SourceDeclaration[]): string[] {
  const declared = sources.filter(isDirectory).map(({ name }) => name);
  return reports.map(({ source }) => source).filter((one) => !declared.includes(one));
}

const QUEUED =
  'events that wait or could not be taken, where a source is or was heard over EventBridge; longer by as much where somebody moves them back';

function leftOf(
  link: Link,
  contacts: ErasureAnswer['contacts'],
  { since, doneMs, isInFormer }: { since: number; doneMs: number | undefined; isInFormer: boolean },
  { quarantineDays, logRetentionDays, sources }: Keeping,
): ErasureAnswer['left'] {
  const until = (days: number, from = since): string => at(from + days * DAY_MS);
  const isKept = contacts.some(({ how }) => how === 'anonymised');
  return [
    {
      where: 'tombstone',
      until: null,
      what: 'the id with versions and standing, so that late events change nothing, and which contact was whose, so that nobody gets it',
    },
    { where: 'event_receipts', until: until(EVENT_RECEIPT_DAYS), what: 'ids of events, as their senders made them up' },
    ...(isInFormer || isInDirectory(link, sources)
      ? [
          {
            where: 'directory' as const,
            until: null,
            what: isInFormer ? FORMER : 'what a directory wrote, which it reads, until it deletes the user',
          },
        ]
      : []),
    ...(isKept
      ? [
          {
            where: 'maiagent' as const,
            until: null,
            what: 'contacts without a name, because they have conversations, and the MCP credentials that people gave them: delete the conversations in the console, then delete the user once more',
          },
        ]
      : []),
    ...(contacts.some(({ keepsSourceId }) => keepsSourceId)
      ? [{ where: 'maiagent' as const, until: null, what: 'the id as sourceId: MaiAgent takes no other' }]
      : []),
    {
      where: 'quarantine',
      until: null,
      what: 'records that came after the deletion, that are about others, or that name the id in no field but of who did it, what or when, until they are redriven or discarded',
    },
    { where: 'readings', until: until(FINDING_DAYS), what: 'the id, where a store was or is to be read for it' },
    { where: 'bucket', until: until(quarantineDays), what: 'batches of a user table that its stream gave up' },
    { where: 'event_queues', until: until(QUEUED_DAYS), what: QUEUED },
    { where: 'messages', until: null, what: 'what a broadcast itself says, until the broadcast expires' },
    {
      where: 'point_in_time_copies',
      until: doneMs === undefined ? null : until(RESTORABLE_DAYS, doneMs),
      what: 'the tables as they were, for whoever restores them',
    },
    {
      where: 'logs',
      until: until(logRetentionDays),
      what: 'a random pseudonym, whose person nobody can tell any more',
    },
  ];
}
