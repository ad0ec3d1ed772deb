import type { Campaign } from './campaign.ts';
import { endOf, judgeBroadcast } from './verdict.ts';

/** Looks for a message go on for a day, each time later; each round serves the next of them. */
const ROUNDS_MAX = 40;
/** A lease of a run, a claim, and an outage that a worker waits for: then every run has ended ("within minutes"). */
const CONVERGED_MS_MAX = 15 * 60_000;
/** A broadcast that fires once is over when its firing can come no more: the lateness that it allows, and the time to notice. */
const OVER_MS_MAX = 75 * 60_000;

/**
 * No more trouble: all comes to rest and is judged; what would go on for ever is then cancelled, and all is judged again. Answers how each
 * ended at first.
 */
export async function settleCampaigns(all: readonly Campaign[], isHarmed: boolean): Promise<readonly string[]> {
  await rest(all);
  for (const one of all) judgeBroadcast(one);
  const ends = all.map(endOf);
  const open = all.filter(({ row }) => row?.state === 'active' || row?.state === 'paused');
  for (const one of open) await one.perform('cancel');
  if (open.length > 0) {
    await rest(all);
    for (const one of all) judgeBroadcast(one);
  }
  for (const one of all) await judgeSchedule(one, isHarmed);
  return ends;
}

/** Who was not answered comes again, what is to fire fires, and the sweep serves what is due. */
async function rest(all: readonly Campaign[]): Promise<void> {
  const [first] = all;
  if (!first) return;
  const { time } = first.world;
  let from = time.now();
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    for (const one of all) await one.tellAgain();
    await first.perform('sweep');
    const toFire = all.find(isToFire);
    const dueAts = all.flatMap((one) => one.dueAts());
    const runDueAts = all.flatMap((one) => one.dueAts('run#'));
    if (runDueAts.length > 0 && time.now() > from + CONVERGED_MS_MAX) first.accuse('a run ends too slowly');
    if (time.now() > from + OVER_MS_MAX) first.accuse('it converges too slowly');
    if (!toFire && dueAts.length === 0 && all.every(({ isAllTold }) => isAllTold)) return;
    // Where a message was looked for and the conversations could not be read, it is looked for again for a day.
    const isBlind = all.some((one) => one.rows().some((row) => row['looks'] !== undefined));
    if (toFire) await toFire.perform('fire');
    // Until its runs have ended a broadcast is looked at every few minutes, and nothing comes of it.
    else if (dueAts.length > 0) await time.sleepTo(Math.min(...(runDueAts.length > 0 ? runDueAts : dueAts)) + 1);
    if (toFire || isBlind) from = time.now();
  }
  first.accuse('the broadcasts do not come to rest');
}

/** A schedule that fires once and has not yet. */
const isToFire = ({ row, broadcastId = '', world }: Campaign): boolean =>
  row?.state === 'active' && row.schedule?.kind !== 'rate' && world.scheduler.has(broadcastId, row['edition']);

/**
 * What is over has no schedule. Only one that was made by a request which came late, or by a worker who died over it, or one that two editions
 * followed at once, stays, and ends with its next firing, which starts nothing.
 */
async function judgeSchedule(campaign: Campaign, mayBeLeft: boolean): Promise<void> {
  const { broadcastId = 'none', row, world } = campaign;
  const left = () => world.scheduler.namesOf(broadcastId);
  if (left().length === 0) return;
  if (!mayBeLeft && Number(row?.['edition'] ?? 0) < 2)
    campaign.accuse('the schedule of a broadcast that is over was left behind');
  const before = endOf(campaign);
  for (const _ of left()) {
    await campaign.perform('fire');
    await campaign.tellAgain();
  }
  if (left().length > 0) campaign.accuse('the schedule of a broadcast that is over stays');
  if (endOf(campaign) !== before) campaign.accuse('a broadcast that is over began a run');
}
