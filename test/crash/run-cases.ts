import { knownBoundaries } from './boundary.ts';

interface Outcome {
  readonly id: string;
  readonly crossed: readonly string[];
  readonly crossedByMet: readonly string[];
  readonly accusations: readonly string[];
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

const isLong: boolean = process.env['LONG'] === '1' || process.env['CRASH'] !== undefined;

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
