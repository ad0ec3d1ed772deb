import { createHash } from 'node:crypto';
import { Gauntlet, type Strike } from '../gauntlet.ts';
import type { BroadcastAct } from './acts.ts';
import { broadcastFaultsAt } from './boundary.ts';
import { forget, type BroadcastGround } from './ground.ts';
import { makeCrowd, type CrowdName } from './crowds.ts';
import type { LaneOrder } from './lanes.ts';
import { BroadcastStory } from './story.ts';
import { endOf, judgeBroadcast } from './verdict.ts';

/** One run of one story of a broadcast, perhaps with a fault, perhaps with somebody who comes between. */
export interface BroadcastCase {
  /** Says everything that is needed to run it again. */
  readonly id: string;
  readonly acts: readonly BroadcastAct[];
  /** Who is there; three named users where it is left out. */
  readonly crowd?: CrowdName;
  /** In which order the lanes of a worker come; in turn where it is left out. */
  readonly lanes?: LaneOrder;
  readonly strike?: Strike;
  /**
   * Who comes between as part of the story, before a boundary is crossed for the first time, or before the crossing with this number; it
   * is under attack with the others.
   */
  readonly between?: { readonly before: string | number; readonly act: BroadcastAct };
  /** Who runs to the end just before boundary `at`, perhaps with a fault of its own. */
  readonly meeting?: { readonly at: number; readonly acts: readonly BroadcastAct[]; readonly strike?: Strike };
  /** What others do while a caller is held. */
  readonly rival?: readonly BroadcastAct[];
}

/** What came of it: the boundaries that were crossed, the faults, how it ended, what it is accused of. */
export interface BroadcastOutcome {
  readonly id: string;
  readonly crossed: readonly string[];
  readonly crossedByMet: readonly string[];
  readonly struck: readonly string[];
  /** In the words of `endOf`, before what fires for ever was cancelled. */
  readonly end: string;
  readonly accusations: readonly string[];
}

/** A turn, a claim, and an outage that a worker waits for: then every run has ended ("within minutes"). */
const CONVERGED_MS_MAX = 15 * 60_000;
/** A broadcast that fires once is over when its firing can come no more: the lateness that it allows, and the time to notice. */
const OVER_MS_MAX = 75 * 60_000;
const ROUNDS_MAX = 25;

/** Runs one case to its end: story under attack, recovery, verdict; what fires for ever is then cancelled, and judged again. */
export async function runBroadcastCase(crash: BroadcastCase, ground: BroadcastGround): Promise<BroadcastOutcome> {
  const id = createHash('sha256').update(crash.id).digest('hex').slice(0, 20);
  const story = new BroadcastStory(ground, id, await makeCrowd(crash.crowd ?? 'three', id, ground));
  if (crash.rival) story.rival = crash.rival;
  if (crash.lanes) story.lanes = crash.lanes;
  try {
    return await tell(story, crash);
  } finally {
    await story.crowd.leave();
    ground.emulator.store.clear();
  }
}

async function tell(story: BroadcastStory, crash: BroadcastCase): Promise<BroadcastOutcome> {
  const { met, gauntlet } = gauntlets(crash, story);
  await performAll(story, crash.acts, gauntlet);
  await story.afterwards();
  story.mood.now = 'maiagent-well';
  await recover(story);
  await judgeBroadcast(story);
  const end = await endOf(story);
  if (end.startsWith('active')) {
    await story.perform('cancel');
    await recover(story);
    await judgeBroadcast(story);
  }
  const struck = [...gauntlet.struck, ...met.struck];
  await judgeSchedule(story, struck.length > 0);
  judgeLog(story);
  const accusations = [...new Set(story.witness.accusations)];
  if (accusations.length > 0) await forget(await story.rows(), story.ground);
  return { id: crash.id, crossed: gauntlet.crossed, crossedByMet: met.crossed, struck, end, accusations };
}

async function performAll(story: BroadcastStory, acts: readonly BroadcastAct[], gauntlet: Gauntlet): Promise<void> {
  for (const act of acts) await story.perform(act, gauntlet);
}

function gauntlets({ strike, between, meeting }: BroadcastCase, story: BroadcastStory) {
  const met = new Gauntlet(meeting?.strike, undefined, broadcastFaultsAt);
  const others = [
    ...(between ? [{ at: between.before, run: () => story.perform(between.act) }] : []),
    ...(meeting ? [{ at: meeting.at, run: () => performAll(story, meeting.acts, met) }] : []),
  ];
  return { met, gauntlet: new Gauntlet(strike, others, broadcastFaultsAt) };
}

/** No more faults: who was not answered comes again, EventBridge Scheduler fires what is to fire, and the sweep serves what is due. */
async function recover(story: BroadcastStory): Promise<void> {
  const { clock } = story.ground;
  let from = clock.now();
  let endedAt: number | undefined;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    await story.tellAgain();
    await story.perform('sweep');
    const state = await standing(story);
    endedAt = state.hasOpenRun ? undefined : (endedAt ?? clock.now());
    // Who asks in vain for ever waits for nothing that could come.
    if (state.isAtRest || (state.dueAt === Infinity && !state.isToFire)) break;
    if (state.isToFire) {
      await story.fireNext();
      from = clock.now();
    } else await story.passTo(state.dueAt + 1);
  }
  if (!(await standing(story)).isAtRest) story.witness.accuse('it does not converge');
  if (story.mood.wasBlind) return;
  if ((endedAt ?? Infinity) - from > CONVERGED_MS_MAX) story.witness.accuse('a run ends too slowly');
  if (clock.now() - from > OVER_MS_MAX) story.witness.accuse('it converges too slowly');
}

/** Nothing is left to be done, but for the next firing of what fires for ever; or when the next thing is. */
async function standing(story: BroadcastStory) {
  const rows = await story.rows();
  const broadcast = rows.find(({ sk }) => sk === 'broadcast');
  const isRate = broadcast?.schedule?.kind === 'rate';
  // A sweep finds broadcasts and runs; whoever works on a run finds its batches.
  const found = rows.filter(({ pk, dueAt }) => pk.startsWith('broadcast#') && dueAt !== undefined);
  const waits = found.filter((row) => row !== broadcast || !isRate || row.outstanding !== undefined);
  const isToFire = !isRate && broadcast?.state === 'active' && story.scheduler.has(story.broadcastId ?? '');
  return {
    isAtRest: broadcast !== undefined && story.isAllTold && waits.length === 0,
    isToFire,
    hasOpenRun: rows.some(
      ({ pk, sk, endedAtMs }) => pk.startsWith('broadcast#') && sk.startsWith('run#') && !endedAtMs,
    ),
    dueAt: Math.min(...waits.map(({ dueAt }) => Number(dueAt))),
  };
}

/**
 * What is over has no schedule. Only one that was made by a request which came late, or by a worker who died over it, stays, and ends
 * with its next firing, which starts nothing.
 */
async function judgeSchedule(story: BroadcastStory, mayBeLeft: boolean): Promise<void> {
  const { scheduler, witness, broadcastId = '' } = story;
  if (!scheduler.has(broadcastId)) return;
  if (!mayBeLeft) witness.accuse('the schedule of a broadcast that is over was left behind');
  const before = await endOf(story);
  await story.fireNext();
  await story.tellAgain();
  if (scheduler.has(broadcastId)) witness.accuse('the schedule of a broadcast that is over stays');
  if ((await endOf(story)) !== before) witness.accuse('a broadcast that is over began a run');
}

/** A bug is whatever the jobs did not expect, apart from the table and the scheduler that could not be reached. */
function judgeLog({ lines, witness }: BroadcastStory): void {
  const expected = new Set(['TableUnreachable', 'SchedulerUnreachable']);
  for (const line of lines) {
    const { event = '', kind = '' } = JSON.parse(line) as { event?: string; kind?: string };
    const isFailure = ['bug', 'row-failed', 'batch-failed', 'firing-unreadable'].includes(event);
    if (isFailure && !expected.has(kind)) witness.accuse(`logged ${line}`);
  }
}
