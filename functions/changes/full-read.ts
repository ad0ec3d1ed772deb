import { policyOf } from '../env.ts';
import { apart } from '../io/apart.ts';
import type { DynamoEvaluations } from '../io/aws/evaluations.ts';
import { kindOf } from '../io/log.ts';
import type { FullReads } from '../io/stores/full-reads.ts';
import type { UserStore } from '../io/stores/store-client.ts';
import { hasSpoken } from '../rules/contacts/believe.ts';
import type { Link } from '../rules/contacts/link.ts';
import { reportOf } from '../rules/contacts/reports.ts';
import { linkKey, subjectOf, userIdOf } from '../rules/contacts/subject.ts';
import { SEGMENTS } from '../rules/evaluation.ts';
import { startingAt } from '../rules/lane.ts';
import {
  ATTEMPTS_MAX,
  beginsNow,
  begun,
  collected,
  committed,
  delayed,
  findingOf,
  isHeldUp,
  released,
  type Finding,
  type FullRead,
  type Step,
} from '../rules/stores/full-read.ts';
import { isRead, type ReadSource } from '../rules/stores/read-sources.ts';
import type { FailedReading } from '../rules/stores/user-reading.ts';
import { readNow, type ReadDeps } from './read-users.ts';

/** What reading everybody works with. It cannot call MaiAgent. */
export interface FullReadDeps extends ReadDeps {
  readonly fullReads: FullReads;
  readonly pages: Pick<DynamoEvaluations, 'page' | 'read'>;
}

/** An operator's question about the full reading of a source, or their word that releases what its breaker stopped. */
export interface FullReadWish {
  readonly fullRead: string;
  /** The reading that is meant, by its beginning: a later one may have found somebody else. */
  readonly release?: number;
  /** Which list of findings to show. */
  readonly list?: number;
}

/** `released`: the losses are committed by the next calls. `other`: it is not this reading, or it is not stopped. */
export type FullReadAnswer =
  | { readonly kind: 'state'; readonly state: FullRead; readonly findings: readonly Finding[] }
  | { readonly kind: 'none' | 'released' | 'other' };

/** Shorter than the function's timeout by the longest reading, so that every step that begins can end. */
const WORK_MS_MAX = 14_000;
/** So many users are read at once: a store is asked no faster than people sign in on a busy morning. */
const ABREAST = 4;
const LINKS = 100;

/** Goes on with the full readings that are due, until the time is up. A process that dies leaves its step to the next one. */
export async function readFully(deps: FullReadDeps): Promise<void> {
  const until = deps.clock.elapsed() + WORK_MS_MAX;
  // A store that takes all of the time is the first one only in its turn.
  const minute = Math.floor(deps.clock.now() / 60_000);
  for (const source of startingAt(minute, deps.settings.sources.filter(isRead))) {
    const { fullReadHours: hours } = source.read;
    const store = hours === undefined ? undefined : deps.storeOf(source);
    if (hours === undefined || !store) continue;
    try {
      await work(source, store, hours, until, deps);
    } catch (error) {
      // One store delays no other. The reading stays where it is.
      deps.log.error('full-read-failed', { source: source.name, kind: kindOf(error) });
    }
    const state = await deps.fullReads.read(source.name);
    deps.log.count('FullReadsHeldUp', state && isHeldUp(state, hours, deps.clock.now()) ? 1 : 0);
  }
}

/** Says how a full reading stands, and who was found; or releases one. */
export async function fullRead(wish: FullReadWish, { fullReads }: FullReadDeps): Promise<FullReadAnswer> {
  const state = await fullReads.read(wish.fullRead);
  if (!state) return { kind: 'none' };
  if (wish.release === undefined)
    return { kind: 'state', state, findings: await fullReads.found(state, wish.list ?? 0) };
  if (state.phase !== 'stopped' || state.startedAtMs !== wish.release) return { kind: 'other' };
  return { kind: (await fullReads.move(state, released(state))) ? 'released' : 'other' };
}

async function work(source: ReadSource, store: UserStore, hours: number, until: number, deps: FullReadDeps) {
  const { fullReads, pages, settings, clock, log } = deps;
  for (;;) {
    const known = await fullReads.read(source.name);
    const nowMs = clock.now();
    const begins = beginsNow(known, hours, nowMs);
    const from = begins ? begun(source.name, known, nowMs) : known;
    if (!from || from.phase === 'done' || from.phase === 'stopped' || from.notBeforeMs > nowMs) return;
    if (clock.elapsed() >= until) return;
    const step =
      from.phase === 'commit'
        ? await commitList(from, source, until, deps)
        : await collect(from, source, store, until, deps);
    // Once settings of a later deployment evaluate the links, a call of the earlier one judges nobody: its step is left to a later call.
    const evaluations = await Promise.all(Array.from({ length: SEGMENTS }, (_, segment) => pages.read(segment)));
    if (evaluations.some((one) => (one?.deployment ?? 0) > settings.deployment)) return;
    const failed = 'code' in step;
    const after = failed
      ? delayed(from, step, nowMs)
      : 'phase' in step
        ? step
        : collected(from, step, source.read.lossShare);
    if (failed) log.warn('full-read-failed', { source: source.name, code: step.code });
    const { phase, people, losses, others, unread, isListCut } = after;
    if (phase !== from.phase)
      log.note('full-read', { source: source.name, phase, people, losses, others, unread, isListCut });
    const findings = 'findings' in step ? step.findings : [];
    if (!(await fullReads.move(known, after, findings)) || failed) return;
  }
}

type Collected = Step | FailedReading;

const collect = (from: FullRead, source: ReadSource, store: UserStore, until: number, deps: FullReadDeps) =>
  from.phase === 'list' ? collectStrangers(from, source, store, deps) : collectLinks(from, source, store, until, deps);

/** Who is in the store and has never been told of. Whoever is here already is compared with the links. */
async function collectStrangers(
  from: FullRead,
  { name }: ReadSource,
  store: UserStore,
  deps: FullReadDeps,
): Promise<Collected> {
  const page = await store.list(from.cursor);
  if (!page) return { next: undefined, people: 0, findings: [] };
  if ('kind' in page) return page;
  const ids = page.items.map(userIdOf).filter((id) => id !== undefined);
  const found = await abreast(ids, async (userId): Promise<Finding[]> => {
    const link = await deps.links.read(linkKey({ kind: 'user', userId }));
    return link && isKnown(link, name) ? [] : [{ userId, kind: 'other' }];
  });
  return { next: page.next, people: 0, findings: found.flat() };
}

interface Compared {
  readonly link: Link;
  readonly kind?: Finding['kind'] | undefined;
  readonly failed?: FailedReading;
}

const userIn = ({ pk }: Link): string => (subjectOf(pk) as { userId: string }).userId;

async function compare(source: ReadSource, store: UserStore, link: Link, deps: FullReadDeps): Promise<Compared> {
  const reading = await store.read(userIn(link));
  if (reading.kind === 'failed') {
    deps.log.warn('read-failed', { source: source.name, code: reading.code, person: link.pseudonym });
    return { link, failed: reading };
  }
  const judged = () => Promise.resolve({ link, kind: findingOf(source, link, reading, policyOf(deps.settings)) });
  return (await apart('link-not-compared', deps.log, judged)) ?? { link, kind: 'unread' };
}

/** Whether these people alone cannot be read: a firewall may refuse one id, or an administrator hide one user from the bridge. */
async function isTheirsAlone(
  compared: readonly Compared[],
  { name }: ReadSource,
  store: UserStore,
  until: number,
  { pages, clock }: FullReadDeps,
): Promise<boolean> {
  if (compared.some(({ failed }) => !failed?.isOutage)) return true;
  for (let segment = 0; segment < SEGMENTS && clock.elapsed() < until; segment += 1) {
    const { links } = await pages.page(segment, undefined, LINKS);
    const others = links.filter((one) => isTold(one, name) && !compared.some(({ link }) => link.pk === one.pk));
    const readings = await abreast(others.slice(0, ABREAST), (link) => store.read(userIn(link)));
    if (readings.some(({ kind }) => kind !== 'failed')) return true;
  }
  return false;
}

/** Whether the source has told of this user, or nobody may keep what it would tell. */
const isKnown = ({ reports, accountStatus }: Link, source: string): boolean => {
  const report = reportOf(reports, source);
  return accountStatus === 'deleted' || (report !== undefined && hasSpoken(report));
};
const isTold = (link: Link, source: string): boolean => link.accountStatus !== 'deleted' && isKnown(link, source);

/**
 * Compares some of the people whom this source has told of, each with what the store says now. A store that fails as a whole ends the step;
 * one that fails about somebody does so too, and after some attempts they stay unread.
 */
async function collectLinks(
  from: FullRead,
  source: ReadSource,
  store: UserStore,
  until: number,
  deps: FullReadDeps,
): Promise<Collected> {
  const [, number = '0', after] = /^(\d+)#(.*)$/s.exec(from.cursor) ?? [];
  const segment = Number(number);
  const { links, next } = await deps.pages.page(segment, after || undefined, LINKS);
  const known = links.filter((link) => isTold(link, source.name));
  const findings: Finding[] = [];
  let people = 0;
  for (; people < known.length && (people === 0 || deps.clock.elapsed() < until); people += ABREAST) {
    const some = known.slice(people, people + ABREAST);
    const compared = await abreast(some, (link) => compare(source, store, link, deps));
    const failed = compared.find((one) => one.failed)?.failed;
    // What was compared before is kept: a store that asks for a pause now and then would never be gone through.
    if (failed && people > 0) break;
    const isOver =
      failed && from.attempts >= ATTEMPTS_MAX && (await isTheirsAlone(compared, source, store, until, deps));
    if (failed && !isOver) return failed;
    for (const one of compared) {
      const kind = one.failed ? 'unread' : one.kind;
      if (kind !== undefined) findings.push({ userId: userIn(one.link), kind });
    }
  }
  const last = people < known.length ? known[people - 1]?.pk : next;
  const further = segment + 1 < SEGMENTS ? `${segment + 1}#` : undefined;
  return {
    next: last === undefined ? further : `${segment}#${last}`,
    people: Math.min(people, known.length),
    findings,
  };
}
/** Reads once more who was found, and takes what the store says now. Whoever cannot be read stays due. */
async function commitList(from: FullRead, { name, read }: ReadSource, until: number, deps: FullReadDeps) {
  const { fullReads, clock, log } = deps;
  const findings = from.committed < from.lists ? await fullReads.found(from, from.committed) : [];
  let [done, lost] = [Number(from.cursor), 0];
  let after = from;
  do {
    const some = findings.slice(done, done + ABREAST);
    const taken = await Promise.all(
      some.map(({ userId }) => apart('read-failed', log, () => readNow(name, userId, deps))),
    );
    lost += taken.filter((one, at) => one?.isLoss && some[at]?.kind === 'other').length;
    done += ABREAST;
    after = committed(from, { done, all: findings.length, lost }, read.lossShare);
  } while (done < findings.length && after.phase === 'commit' && clock.elapsed() < until);
  return after;
}

/** Some at a time, in order. */
async function abreast<Item, Result>(items: readonly Item[], task: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += ABREAST)
    results.push(...(await Promise.all(items.slice(at, at + ABREAST).map(task))));
  return results;
}
