import { knownBoundaries } from './boundary.ts';
import { runCase, type CrashCase, type Outcome } from './crash-case.ts';
import type { Ground } from './jobs.ts';

/** More at once only take turns: each case is one chain of calls, and one process makes them all. */
const AT_ONCE = 12;

/** Runs all cases, several at once, each with a user of its own, and answers in their order. */
export async function runCases(cases: readonly CrashCase[], ground: Ground): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = cases.entries();
  const worker = async (): Promise<void> => {
    for (const [index, one] of waiting) outcomes[index] = await runCase(one, ground);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return outcomes;
}

/**
 * `CRASH='<id>'` runs the cases alone whose id begins so, `LONG=1` one in `oneIn.long`; otherwise it is one in `oneIn.usual`, and
 * always the same ones.
 */
export function chosen<Case extends { readonly id: string }>(
  cases: readonly Case[],
  oneIn: { usual: number; long: number },
): readonly Case[] {
  const { CRASH } = process.env;
  if (CRASH !== undefined) return cases.filter(({ id }) => id.startsWith(CRASH));
  return cases.filter((_, index) => index % (isLong ? oneIn.long : oneIn.usual) === 0);
}

/** Whether every uniqueness that MaiAgent may have is tried, or only the one that forgives nothing: where MaiAgent refuses duplicates, it covers up for a second create. */
export const isLong: boolean = process.env['LONG'] === '1' || process.env['CRASH'] !== undefined;
export const uniquenesses = isLong ? (['racy', 'atomic', 'none'] as const) : (['none'] as const);

/** Boundaries that nobody has looked at yet. */
export const unknownAmong = (
  outcomes: readonly Pick<Outcome, 'crossed' | 'crossedByMet'>[],
  known: readonly string[] = knownBoundaries,
): string[] =>
  [...new Set(outcomes.flatMap(({ crossed, crossedByMet }) => [...crossed, ...crossedByMet]))].filter(
    (one) => !known.includes(one),
  );

/** What to print for the cases that are accused of something: enough to run each of them again, alone. */
export const accused = (outcomes: readonly Pick<Outcome, 'id' | 'accusations' | 'crossed'>[]) =>
  outcomes
    .filter(({ accusations }) => accusations.length > 0)
    .map(({ id, accusations, crossed }) => ({ CRASH: id, accusations, crossed: crossed.join(' ') }));
