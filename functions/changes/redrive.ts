import { randomUUID } from 'node:crypto';
import type { Quarantined, QuarantinePlace } from '../io/aws/quarantine.ts';
import { canonicalJson } from '../rules/canonical.ts';
import type { Flaw } from '../rules/failure.ts';
import { eventAgain, recordIdOf } from '../rules/sources/kept-delivery.ts';
import { kindOf, logApart } from '../io/log.ts';
import { isOutage } from '../io/outage.ts';
import { commit, idIsTaken, type IntakeDeps } from './take-change.ts';

/** An operator's request to process quarantined records again. */
export interface Redrive {
  readonly redrive: true;
  /** Only this source's records. */
  readonly source?: string;
  /** Only counts. */
  readonly dryRun?: boolean;
  /** Where an earlier call stopped. */
  readonly from?: QuarantinePlace;
}

export interface Redriven {
  readonly found: number;
  readonly redriven: number;
  readonly left: number;
  /** Where the next call continues, because this one ran out of time. */
  readonly next?: QuarantinePlace;
}

/** Shorter than the function's timeout, so that a call can report how far it came. */
const REDRIVE_MS_MAX = 15_000;

/** Puts quarantined records through the intake again. What is understood now leaves in the transaction of its change; the rest stays. */
export async function redrive({ source: only, dryRun = false, from }: Redrive, deps: IntakeDeps): Promise<Redriven> {
  const until = deps.clock.elapsed() + REDRIVE_MS_MAX;
  let [found, redriven] = [0, 0];
  for await (const item of deps.quarantine.open(from)) {
    if (only === undefined || item.source === only) {
      const ended = dryRun ? 'left' : await logApart(() => redriveApart(item, deps));
      if (ended === 'redriven') deps.log.count('Redriven');
      if (ended !== 'gone') found += 1;
      if (ended === 'redriven') redriven += 1;
    }
    if (deps.clock.elapsed() > until) {
      const next = { recordId: recordIdOf(item), arrivedAtMs: item.arrivedAtMs };
      return { found, redriven, left: found - redriven, next };
    }
  }
  return { found, redriven, left: found - redriven };
}

/** The result for one record. `gone`: another redrive or a person closed it meanwhile. */
type Ended = 'redriven' | 'left' | 'gone';

/** A record on which we fail by ourselves stays, and keeps no other from being taken; where something is down, the call ends. */
async function redriveApart(item: Quarantined, deps: IntakeDeps): Promise<Ended> {
  try {
    return await redriveOne(item, deps);
  } catch (error) {
    if (isOutage(error)) throw error;
    deps.log.error('record-not-taken', { kind: kindOf(error) });
    return 'left';
  }
}

async function redriveOne(item: Quarantined, deps: IntakeDeps): Promise<Ended> {
  const source = deps.settings.sources.find(({ name }) => name === item.source);
  if (!source) return 'left';
  // Of what was too large for a row there is nothing to read: what was wrong with the whole of it stays what is said.
  if (item.record['start'] !== undefined) return explain(item, item.flaws, deps);
  const event = eventAgain(source, item.record, deps.clock.now());
  if (event.kind === 'unreadable') return explain(item, event.flaws, deps);
  if (event.kind !== 'change') return close(item, 'ignored', deps);
  const committed = await commit(item, event, deps, item);
  if (typeof committed === 'object') return explain(item, [committed], deps);
  switch (committed) {
    case 'accepted':
      deps.log.note('event', { source: source.name, kind: event.change.kind, outcome: 'redriven' });
      return 'redriven';
    case 'repeated':
      return close(item, 'repeated', deps);
    case 'conflicting':
      return explain(item, [idIsTaken], deps);
  }
}

async function explain(item: Quarantined, flaws: readonly Flaw[], deps: IntakeDeps): Promise<Ended> {
  if (await deps.intake.isAccepted(item)) return close(item, 'repeated', deps);
  if (canonicalJson(flaws) !== canonicalJson(item.flaws)) await deps.quarantine.explain(item, flaws);
  return 'left';
}

async function close(item: Quarantined, fate: 'ignored' | 'repeated', { quarantine }: IntakeDeps): Promise<Ended> {
  return (await quarantine.close(recordIdOf(item), fate, randomUUID())) ? 'redriven' : 'gone';
}
