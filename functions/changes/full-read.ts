import { policyOf } from '../env.ts';
import type { DynamoEvaluations } from '../io/aws/evaluations.ts';
import { kindOf } from '../io/log.ts';
import type { FullReads } from '../io/stores/full-reads.ts';
import type { UserStore } from '../io/stores/store-client.ts';
import { hasSpoken } from '../rules/contacts/believe.ts';
import { reportOf } from '../rules/contacts/reports.ts';
import { linkKey, subjectOf, userIdOf } from '../rules/contacts/subject.ts';
import { SEGMENTS } from '../rules/evaluation.ts';
import {
  ATTEMPTS_MAX,
  beginsNow,
  begun,
  collected,
  committed,
  findingOf,
  isHeldUp,
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
  readonly pages: Pick<DynamoEvaluations, 'page'>;
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
const PAUSE_MS = 60_000;

/** Goes on with the full readings that are due, until the time is up. A process that dies leaves its step to the next one. */
export async function readFully(deps: FullReadDeps): Promise<void> {
  const until = deps.clock.elapsed() + WORK_MS_MAX;
  for (const source of deps.settings.sources.filter(isRead)) {
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
  return { kind: (await fullReads.move(state, { ...state, phase: 'commit' })) ? 'released' : 'other' };
}

async function work(source: ReadSource, store: UserStore, hours: number, until: number, deps: FullReadDeps) {
  const { fullReads, clock, log } = deps;
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
    const failed = 'code' in step;
    const after = failed
      ? { ...from, attempts: from.attempts + 1, notBeforeMs: nowMs + (step.retryAfterMs || PAUSE_MS) }
      : 'phase' in step
        ? step
        : collected(from, step, source.read.lossShare);
    if (failed) log.warn('full-read-failed', { source: source.name, code: step.code });
    const { phase, people, losses, others, unread } = after;
    if (phase !== from.phase) log.note('full-read', { source: source.name, phase, people, losses, others, unread });
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
    const report = link && reportOf(link.reports, name);
    return report && hasSpoken(report) ? [] : [{ userId, kind: 'other' }];
  });
  return { next: page.next, people: 0, findings: found.flat() };
}

/**
 * Compares some of the people whom this source has told of, each with what the store says now. A store that fails as a whole ends the step;
 * one that fails about somebody does so too, and after some attempts they stay unread.
 */
async function collectLinks(
  from: FullRead,
  source: ReadSource,
  store: UserStore,
  until: number,
  { pages, settings, clock }: FullReadDeps,
): Promise<Collected> {
  const [, number = '0', after] = /^(\d+)#(.*)$/.exec(from.cursor) ?? [];
  const segment = Number(number);
  const { links, next } = await pages.page(segment, after || undefined, LINKS);
  const known = links.filter(({ reports }) => {
    const report = reportOf(reports, source.name);
    return report !== undefined && hasSpoken(report) && report.deleted === undefined;
  });
  const findings: Finding[] = [];
  let people = 0;
  for (; people < known.length && (people === 0 || clock.elapsed() < until); people += ABREAST) {
    const some = known.slice(people, people + ABREAST);
    const readings = await abreast(some, async (link) => {
      const { userId } = subjectOf(link.pk) as { userId: string };
      const reading = await store.read(userId);
      if (reading.kind !== 'failed') return { userId, kind: findingOf(source, link, reading, policyOf(settings)) };
      const mayWait = reading.isOutage || from.attempts < ATTEMPTS_MAX;
      return mayWait ? reading : { userId, kind: 'unread' as const };
    });
    for (const one of readings) {
      if ('code' in one) return one;
      if (one.kind !== undefined) findings.push({ userId: one.userId, kind: one.kind });
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
async function commitList(from: FullRead, { name }: ReadSource, until: number, deps: FullReadDeps): Promise<FullRead> {
  const findings = from.committed < from.lists ? await deps.fullReads.found(from, from.committed) : [];
  let done = Number(from.cursor);
  do {
    await Promise.all(findings.slice(done, done + ABREAST).map(({ userId }) => readNow(name, userId, deps)));
    done += ABREAST;
  } while (done < findings.length && deps.clock.elapsed() < until);
  return committed(from, done, findings.length);
}

/** Some at a time, in order. */
async function abreast<Item, Result>(items: readonly Item[], task: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += ABREAST)
    results.push(...(await Promise.all(items.slice(at, at + ABREAST).map(task))));
  return results;
}
