import { createHash } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { boundaries } from '../boundaries.ts';
import type { Player } from '../player.ts';
import { World, type Ground } from '../world.ts';
import { Gauntlet, type Others, type Strike } from './gauntlet.ts';

/** One run of one story, perhaps with a fault, perhaps with somebody who comes between. */
export interface Case<Act, Start> {
  /** Says everything that is needed to run it again. */
  readonly id: string;
  /** How everything stands when it begins. */
  readonly start: Start;
  readonly acts: readonly Act[];
  /** The acts by their places in the list, in the order in which they are done: what they say is as old as the list has it. */
  readonly inOrder?: readonly number[];
  readonly strike?: Strike;
  /**
   * Who comes between as part of the story, before a boundary is crossed for the first time, or before the crossing with this number; it
   * is under attack with the others.
   */
  readonly between?: { readonly before: string | number; readonly act: Act };
  /** Who runs to the end just before boundary `at`, perhaps with a fault; `isOlder`: what it says was said before the story. */
  readonly meeting?: {
    readonly at: number;
    readonly acts: readonly Act[];
    readonly strike?: Strike;
    readonly isOlder?: boolean;
  };
  /** What others do while a caller is held or frozen. */
  readonly rival?: readonly Act[];
  /** Whether the sweep comes before anybody else when the faults are over. */
  readonly isSyncFirst?: boolean;
  readonly ground?: Pick<Ground, 'order' | 'switches'>;
}

/** A kind of story: who plays in it, and how its end is judged. */
export interface Plot<Act extends string, Start> {
  /** Brings everything there, without faults. */
  readonly begin: (start: Start, id: string, world: World) => Promise<Player<Act>>;
  /** What others do where a case does not say it, and who looks before something arrives late. */
  readonly rival: readonly Act[];
  readonly look: readonly Act[];
  /** No more faults: all comes to rest and is judged. Answers how it ended, in a few words. */
  readonly settle: (player: Player<Act>, how: { isSyncFirst: boolean; isHarmed: boolean }) => Promise<string>;
}

/** What came of a case: the boundaries that its story crossed, then those of the one it met; the faults; what it is accused of. */
export interface Outcome {
  readonly id: string;
  readonly crossed: readonly string[];
  readonly crossedByMet: readonly string[];
  readonly struck: readonly string[];
  readonly end: string;
  readonly accusations: readonly string[];
}

/** Runs one case to its end: set-up, story under attack, recovery, verdict. */
export async function runCase<Act extends string, Start>(
  one: Case<Act, Start>,
  plot: Plot<Act, Start>,
  engine?: DynamoDBClient,
): Promise<Outcome> {
  const world = await World.open({ ...one.ground, engine });
  try {
    return await world.time.run(play(one, plot, world));
  } finally {
    await world.close();
  }
}

async function play<Act extends string, Start>(
  one: Case<Act, Start>,
  plot: Plot<Act, Start>,
  world: World,
): Promise<Outcome> {
  const { acts, strike, between, meeting, rival = plot.rival } = one;
  // No id is a part of another one, and the same case has the same names each time.
  const player = await plot.begin(one.start, createHash('sha256').update(one.id).digest('hex').slice(0, 20), world);
  await world.time.sleep(1_000);
  const others: Others = { stall: () => player.performAll(rival), look: () => player.performAll(plot.look) };
  const prepare = (some: readonly Act[]) => some.map((act) => player.prepare(act));
  const older = meeting?.isOlder ? prepare(meeting.acts) : undefined;
  const attempts = prepare(acts);
  const met = new Gauntlet(others, meeting?.strike);
  const comers = meeting && (older ?? prepare(meeting.acts));
  const gauntlet = new Gauntlet(others, strike, [
    ...(between ? [{ at: between.before, run: () => player.perform(between.act) }] : []),
    ...(meeting && comers
      ? [
          {
            at: meeting.at,
            run: async () => {
              for (const attempt of comers) await attempt(met);
            },
          },
        ]
      : []),
  ]);
  for (const at of one.inOrder ?? attempts.keys()) await attempts[at]?.(gauntlet);
  await world.time.quiet();
  for (const each of [gauntlet, met]) await each.afterwards();
  const struck = [...gauntlet.struck, ...met.struck];
  const end = await plot.settle(player, { isSyncFirst: one.isSyncFirst ?? false, isHarmed: struck.length > 0 });
  const accusations = [...new Set([...player.accusations, ...world.bugs()])];
  return { id: one.id, crossed: gauntlet.crossed, crossedByMet: met.crossed, struck, end, accusations };
}

/** Runs all cases, one after the other, and answers in their order. */
export async function runCases<Act extends string, Start>(
  cases: readonly Case<Act, Start>[],
  plot: Plot<Act, Start>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const one of cases) outcomes.push(await runCase(one, plot));
  return outcomes;
}

/** Boundaries that nobody has looked at yet. */
export const unknownAmong = (outcomes: readonly Outcome[]): string[] =>
  [...new Set(outcomes.flatMap(({ crossed, crossedByMet }) => [...crossed, ...crossedByMet]))].filter(
    (one) => !Object.hasOwn(boundaries, one),
  );

/** What to print for the cases that are accused of something: enough to run each of them again, alone. */
export const accused = (outcomes: readonly Outcome[]) =>
  outcomes
    .filter(({ accusations }) => accusations.length > 0)
    .map(({ id, accusations, crossed }) => ({ CRASH: id, accusations, crossed: crossed.join(' ') }));
