import { apart } from '../io/apart.ts';
import type { DynamoEvaluations } from '../io/aws/evaluations.ts';
import { kindOf } from '../io/log.ts';
import { subjectOf } from '../rules/contacts/subject.ts';
import { SEGMENTS, afterPage, evaluated, nextEvaluationStep, type Evaluation } from '../rules/evaluation.ts';
import { isOutstanding, type Link } from '../rules/contacts/link.ts';
import { hasNoEnd } from '../rules/erasure/erasure.ts';
import type { ContactPolicy } from '../rules/contacts/desired.ts';
import type { Deps } from './outcome.ts';
import { recordChange } from './record-change.ts';

export interface ReevaluateDeps extends Deps {
  readonly evaluations: DynamoEvaluations;
  /** The segments that are known to be finished under this deployment. They stay so, and the process need not ask again. */
  readonly finished: Set<number>;
}

/** Evaluates the links under this deployment's settings, page by page until the time is up; a process that dies leaves its page. */
export async function reevaluate(until: number, policy: ContactPolicy, deps: ReevaluateDeps): Promise<void> {
  const { finished, clock, log } = deps;
  // Another segment is the first in each minute, so that invocations at the same time meet seldom.
  const first = Math.floor(clock.now() / 60_000);
  let [pages, isHeldUp] = [0, false];
  for (let turn = 0; turn < SEGMENTS; turn += 1) {
    const segment = (first + turn) % SEGMENTS;
    if (finished.has(segment)) continue;
    try {
      for await (const step of stepsOf(segment, until, policy, deps)) {
        if (step === 'page') pages += 1;
        if (step === 'time-is-up') isHeldUp = true;
        if (step === 'finished') finished.add(segment);
        // Counted in each sweep, because after a deployment that was rolled back nobody evaluates anything.
        if (step === 'superseded') return log.count('SettingsOutdated');
      }
    } catch (error) {
      // The segment stays where it is, and the next sweep goes on there.
      log.error('evaluation-failed', { kind: kindOf(error) });
      isHeldUp = true;
    }
  }
  if (isHeldUp) log.count('EvaluationStalled', pages === 0 ? 1 : 0);
}

/** Evaluates the pages of one segment, and ends with the reason why there is no further one now. */
async function* stepsOf(
  segment: number,
  until: number,
  policy: ContactPolicy,
  deps: ReevaluateDeps,
): AsyncGenerator<'page' | 'time-is-up' | 'wait' | 'finished' | 'superseded'> {
  const { evaluations, clock } = deps;
  for (;;) {
    const step = nextEvaluationStep(await evaluations.read(segment), policy.deployment, clock.now());
    if (step.kind !== 'page') return yield step.kind;
    if (clock.elapsed() >= until) return yield 'time-is-up';
    if (await evaluatePage(segment, step.from, policy, deps)) yield 'page';
  }
}

/** False if another worker evaluated the same page, or if a later deployment has begun. */
async function evaluatePage(segment: number, from: Evaluation, policy: ContactPolicy, deps: ReevaluateDeps) {
  const { evaluations, clock, log } = deps;
  const { links, next } = await evaluations.page(segment, from.cursor);
  let changed = 0;
  for (const link of links) if (await evaluateApart(link, policy, deps)) changed += 1;
  log.count('Evaluated', links.length);
  log.count('EvaluationChanges', changed);
  return evaluations.move(segment, from, afterPage(from, { next, evaluated: links.length, changed }, clock.now()));
}

/** The same for one link of many: a row that cannot be evaluated delays no other. */
export const evaluateApart = async (link: Link, policy: ContactPolicy, deps: Pick<Deps, 'links' | 'log' | 'clock'>) =>
  (await apart('link-not-evaluated', deps.log, () => evaluate(link, policy, deps))) ?? false;

/** Writes the link if its contact should be another one under these settings. True if it was written. */
export async function evaluate(
  link: Link,
  policy: ContactPolicy,
  { links, clock }: Pick<Deps, 'links' | 'clock'>,
): Promise<boolean> {
  // Nobody knows when such a visitor came last, so the time begins now.
  const seenAtMs = hasNoEnd(link) ? clock.now() : undefined;
  if (seenAtMs === undefined && !evaluated(link, policy)) return false;
  // The page may be older than the row, so the row is read again.
  const { link: written } = await recordChange(subjectOf(link.pk), undefined, policy, links, undefined, seenAtMs);
  if (seenAtMs !== undefined && !isOutstanding(written)) await links.clearDue(written);
  return written.revision !== link.revision;
}
