import { gap, paces, randomOf, type Random } from '../../world/random.ts';
import type { Step } from '../story.ts';

/** One broadcast of a story: when it is sent, and to whom. */
export interface Plot {
  readonly number: number;
  readonly schedule: 'now' | 'at' | 'rate';
  readonly audience: 'users' | 'contacts' | 'all';
  /** So many users whom nobody knows stand in the list after the first person: with some dozens it takes two batches. */
  readonly ghosts: number;
  /** How far ahead a single time is, in ms. */
  readonly aheadMs: number;
  readonly latenessMinutes: number;
}

/** What the back office does to a broadcast, what wakes the job, and what a recipient does. */
export type BroadcastAct = 'create' | 'cancel' | 'look' | 'sweep' | 'chat';

/** One thing that is done to one broadcast. */
export interface BroadcastStep {
  readonly number: number;
  readonly broadcast: number;
  readonly act: BroadcastAct;
  readonly atMs: number;
  readonly since?: number;
  readonly againAtMs?: number;
}

/** What takes a contact from somebody, or gives another one back. */
const losses = ['told-disabled', 'told-deleted', 'told-deleted', 'told-created', 'put-disabled'] as const;

/** A family of random numbers (`run-story.ts`). */
const PLOT = 5;
/** They take longer than others, so that they are a quarter of all stories. */
const STORIES_WITH_BROADCASTS = 0.25;
/** A single time must be half a minute ahead; on the way to the table some seconds pass. */
const NOTICE_MS = 40_000;
/** One more than a batch holds, with the first person. */
const GHOSTS = 50;

/** The broadcasts of a seed's story. */
export function plotsOf(seed: number): Plot[] {
  const random = randomOf(seed, PLOT);
  if (!random.isLikely(STORIES_WITH_BROADCASTS)) return [];
  return Array.from({ length: random.one([1, 1, 1, 2]) }, (_, number) => ({
    number,
    schedule: random.one(['now', 'now', 'now', 'at', 'rate']),
    audience: random.one(['users', 'users', 'contacts', 'all']),
    ghosts: random.isLikely(0.15) ? GHOSTS : random.below(2),
    aheadMs: NOTICE_MS + random.below(random.one([10_000, 120_000])),
    latenessMinutes: random.one([1, 60]),
  }));
}

/** What is done to them, and to their recipients on the way. Steps are numbered from `from` on. */
export function broadcastSteps(
  seed: number,
  plots: readonly Plot[],
  { people, from }: { readonly people: number; readonly from: number },
): Step[] {
  const random = randomOf(seed, PLOT, 1);
  const pace = random.one(paces);
  const steps = plots.flatMap(({ number }) => [
    ...stepsOf(number, random, pace),
    ...stepsBetween(number, people, random),
  ]);
  return steps.map((step, index) => ({ ...step, number: from + index }));
}

type Unnumbered<Kind extends Step> = Kind extends Step ? Omit<Kind, 'number'> : never;

function stepsOf(broadcast: number, random: Random, pace: number): Unnumbered<BroadcastStep>[] {
  const bornAtMs = gap(random, pace);
  const at = (act: BroadcastAct, atMs: number) => ({ broadcast, act, atMs });
  const again = random.isLikely(0.5) ? { againAtMs: bornAtMs + gap(random, pace) } : {};
  const steps: Unnumbered<BroadcastStep>[] = [{ ...at('create', bornAtMs), ...again }];
  if (random.isLikely(0.2)) steps.push(at('cancel', bornAtMs + random.below(random.one([3_000, 300_000]))));
  if (random.isLikely(0.3)) steps.push(at('chat', bornAtMs + random.below(20_000)));
  if (random.isLikely(0.2)) steps.push(at('look', bornAtMs + random.below(20_000)));
  // While somebody else is at it: the others come when something is due.
  if (random.isLikely(0.5)) steps.push(at('sweep', bornAtMs + random.below(10_000)));
  return steps;
}

/** What comes between plan, claim and answer. */
function stepsBetween(broadcast: number, people: number, random: Random): Unnumbered<Step>[] {
  const when = () => ({ since: broadcast, atMs: random.below(random.one([300, 3_000, 30_000])) });
  const steps: Unnumbered<Step>[] = [];
  if (random.isLikely(0.35)) steps.push({ ...when(), broadcast, act: 'cancel' });
  while (random.isLikely(0.5)) steps.push({ ...when(), person: random.below(people), act: random.one(losses) });
  return steps;
}
