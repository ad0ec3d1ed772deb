import { randomUUID } from 'node:crypto';
import { policyOf } from '../env.ts';
import { readKey, type DueRead, type DueReads } from '../io/stores/due-reads.ts';
import { kindOf, logAbout, logApart, noteUnknown } from '../io/log.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import type { UserStore } from '../io/stores/store-client.ts';
import { retryAtMs } from '../rules/backoff.ts';
import { readShard } from '../rules/lane.ts';
import { draft, isTooLarge, type Link } from '../rules/contacts/link.ts';
import { isUnread, latestIn, reportOf } from '../rules/contacts/reports.ts';
import { linkKey, userIdOf } from '../rules/contacts/subject.ts';
import { shownKey } from '../rules/contacts/told.ts';
import { losesBy } from '../rules/evaluation.ts';
import type { SourceDeclaration } from '../rules/sources/source.ts';
import { changeOf, type FailedReading, type UserReading } from '../rules/stores/user-reading.ts';
import type { IntakeDeps } from './take-change.ts';

/** What reading works with. It cannot call MaiAgent. */
export interface ReadDeps extends Pick<IntakeDeps, 'settings' | 'links' | 'clock' | 'log'> {
  readonly reads: DueReads;
  /** The store of a source that declares how its users are read. */
  readonly storeOf: (source: SourceDeclaration) => UserStore | undefined;
  readonly random: () => number;
}

/** An operator's request to read one user from every store that can be read. */
export interface Refresh {
  readonly refresh: string;
}

/** By source, what became of it; no source where none can be read. */
export type Refreshed = Readonly<Record<string, Ended>>;

/** The end of one reading. `superseded`: somebody else is reading that user, or has. */
type Ended = 'read' | 'missing' | 'superseded' | 'repeat' | FailedReading['code'] | 'too_large';

/** Shorter than the function's timeout by the longest reading, so that every reading that begins can end. */
const SWEEP_MS_MAX = 14_000;
/** A person waits without permissions meanwhile: after a quarter of an hour somebody should know. */
const OVERDUE_MS = 900_000;
/** When the store as a whole is away, as it looks, the next sweep asks again. */
const OUTAGE_PAUSE_MS = 30_000;

/** So many are read at once of each store. One that is asked too fast asks for a pause, and is then away for as long. */
const ABREAST = 4;

/** Reads the users that are due, of all stores at once. */
export async function readUsers(deps: ReadDeps): Promise<void> {
  const { reads, clock } = deps;
  const until = clock.elapsed() + SWEEP_MS_MAX;
  const due: string[] = [];
  for await (const pk of reads.due(clock.now())) due.push(pk);
  const bySource = Object.groupBy(due, (pk) => /^read#([^#]*)#/.exec(pk)?.[1] ?? '');
  await Promise.all(Object.entries(bySource).map(([source, line = []]) => readLine(source, line, until, deps)));
}

/** Reads those of one store. One alone is the first: of a store that is away the others stay due. */
async function readLine(source: string, [first = '', ...others]: readonly string[], until: number, deps: ReadDeps) {
  const { clock, log } = deps;
  let isAway = false;
  const one = async (pk: string): Promise<void> => {
    if (isAway || clock.elapsed() > until) return;
    try {
      if ((await readOne(pk, deps)).isOutage) isAway = true;
    } catch (error) {
      // The failure of one reading delays no other. The user stays due.
      log.error('read-failed', { source, kind: kindOf(error) });
    }
  };
  await one(first);
  const line = others.values();
  const worker = async (): Promise<void> => {
    for (const pk of line) await one(pk);
  };
  await Promise.all(Array.from({ length: ABREAST }, worker));
}

/** Reads one user now, whatever is due. */
export async function refresh({ refresh: userId }: Refresh, deps: ReadDeps): Promise<Refreshed> {
  if (userIdOf(userId) === undefined) throw new Error('refresh must be the id of a user');
  const ended: [string, Ended][] = [];
  for (const source of deps.settings.sources.filter((one) => deps.storeOf(one) !== undefined)) {
    ended.push([source.name, (await readNow(source.name, userId, deps)).ended]);
  }
  return Object.fromEntries(ended);
}

/** Reads one user now from one store; where that fails, they stay due. */
export async function readNow(source: string, userId: string, deps: ReadDeps): Promise<Taken> {
  await deps.reads.ask(source, userId, readShard('known', source, deps.settings.sources));
  return readOne(readKey(source, userId), deps);
}

const readOne = (pk: string, deps: ReadDeps) => logApart(() => readDue(pk, deps));

/** What came of one reading. `isLoss`: by it the person is shut out, or may do less. */
interface Taken {
  readonly ended: Ended;
  readonly isOutage?: boolean;
  readonly isLoss?: boolean;
}

async function readDue(pk: string, deps: ReadDeps): Promise<Taken> {
  const { reads, settings, storeOf, links } = deps;
  const owner = randomUUID();
  const due = await reads.acquire(pk, owner);
  if (!due) return { ended: 'superseded' };
  if (deps.clock.now() - due.askedAtMs > OVERDUE_MS) deps.log.count('OverdueReads');
  const source = settings.sources.find(({ name }) => name === due.source);
  const store = source && storeOf(source);
  const subject = { kind: 'user', userId: due.userId } as const;
  const before = await links.read(linkKey(subject));
  logAbout({ person: before?.pseudonym });
  if (!source || !store) {
    // What a store that is read no more has not told stays unknown: the mark waits for the source to tell it, or for `read` to come back.
    const policy = policyOf(settings);
    // A later deployment, which may read it, has evaluated the link already: the mark is left to that one, once this lease is over.
    if ((before?.deployment ?? 0) > policy.deployment) return { ended: 'superseded' };
    const next = source && before && draft(subject, asActive(before), undefined, policy);
    const isUnknown = (next?.desired.unknown.length ?? 0) > 0;
    if (isUnknown) await giveUp(due, owner, { code: 'not_read', isOutage: true, retryAfterMs: OVERDUE_MS }, deps);
    else await reads.finish(due, owner);
    return { ended: 'superseded' };
  }
  const reading = await store.read(due.userId);
  if (reading.kind === 'failed') {
    await giveUp(due, owner, reading, deps);
    return { ended: reading.code, isOutage: reading.isOutage };
  }
  const taken = await commitReading(source, due, { before, reading }, deps);
  const { ended } = taken;
  if (ended === 'too_large') await giveUp(due, owner, { code: ended, isOutage: false }, deps);
  // An event that came while the store was asked may be missing in the answer: it is asked again.
  else await reads.finish(ended === 'repeat' ? { ...due, asked: -1 } : due, owner);
  deps.log.count(ended === 'repeat' ? 'ReadsRepeated' : 'UsersRead');
  return taken;
}

/** What is unknown of somebody who is disabled is so when they are back: of those who are disabled no rule is asked. */
const asActive = (link: Link): Link => ({
  ...link,
  reports: link.reports.map((one) => (one.status ? { ...one, status: { ...one.status, value: 'active' } } : one)),
});

type Failed = Omit<FailedReading, 'kind' | 'code'> & { readonly code: string };

async function giveUp(due: DueRead, owner: string, { code, isOutage, retryAfterMs }: Failed, deps: ReadDeps) {
  const { reads, clock, log, random } = deps;
  const nowMs = clock.now();
  const pause = retryAfterMs ?? OUTAGE_PAUSE_MS;
  const atMs = isOutage ? nowMs + pause : retryAtMs((due.attempts ?? 0) + 1, nowMs, random(), retryAfterMs);
  await reads.giveUp(due, owner, { atMs, code, isFailure: !isOutage });
  log.count('ReadsFailed');
  log.warn('read-failed', { source: due.source, code });
}

interface Seen {
  /** The link as it was before the store was asked. */
  readonly before: Link | undefined;
  readonly reading: Exclude<UserReading, FailedReading>;
}

/** Commits what was read as the newest change of its source. `repeat`: the source has spoken since the store was asked. */
async function commitReading(
  source: SourceDeclaration,
  { userId }: DueRead,
  { before, reading }: Seen,
  { links, settings, storeOf, log }: ReadDeps,
): Promise<Taken> {
  const subject = { kind: 'user', userId } as const;
  const pk = linkKey(subject);
  const known = before && reportOf(before.reports, source.name);
  const ended = reading.kind === 'missing' ? 'missing' : 'read';
  return retryConflicts<Taken>(async () => {
    const link = await links.read(pk);
    const report = link && reportOf(link.reports, source.name);
    if (latestIn(report) !== latestIn(known)) return { ended: 'repeat' };
    // Whoever asks for a mistyped id, or for a person of another store, must shut nobody out.
    if (!report && reading.kind === 'missing') return { ended };
    const change = changeOf(source, reading, report);
    const policy = policyOf(settings);
    const drafted = draft(subject, link, change, policy);
    // What another store hinted at, that store alone can tell.
    const isOwed = settings.sources.some((one) => {
      const other = one.name === source.name || !storeOf(one) ? undefined : reportOf(drafted.reports, one.name);
      return other !== undefined && isUnread(other);
    });
    const next = isOwed ? drafted : { ...drafted, withhold: false };
    if (!next.isNews) return { ended };
    if (isTooLarge(next, change)) return { ended: 'too_large' };
    const wrote = await links.writeDesired(pk, link, next, randomUUID());
    if ('conflict' in wrote) return 'conflict';
    noteUnknown(log, next.desired.unknown.map(shownKey));
    return { ended, isLoss: losesBy(change, link, policy) };
  });
}
