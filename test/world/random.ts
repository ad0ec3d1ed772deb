/** Numbers that follow from a seed: the same seed and the same questions, the same answers. */
export interface Random {
  /** In [0, 1). */
  fraction(): number;
  /** A whole number in [0, below). */
  below(below: number): number;
  isLikely(probability: number): boolean;
  one<Choice>(choices: readonly Choice[]): Choice;
}

/**
 * Random numbers for a list of keys, such as the seed, the number of an invocation and that of its call. Whoever has keys of its own
 * draws the same numbers whatever others do, so that a story with a step less keeps all other steps as they were.
 */
export function randomOf(...keys: readonly number[]): Random {
  let state = 0x6a09e667;
  for (const key of keys) state = mix(Math.imul(state, 0x9e3779b1) + mix(Math.trunc(key) | 0));
  const fraction = (): number => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(fraction() * limit);
  return {
    fraction,
    below,
    isLikely: (probability) => fraction() < probability,
    one<Choice>(choices: readonly Choice[]): Choice {
      if (choices.length === 0) throw new Error('there is nothing to choose from');
      return choices[below(choices.length)] as Choice;
    },
  };
}

/** Spreads every bit over all others. */
function mix(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** How long people mostly wait for each other in a story, in ms: not at all, about as long as a call takes, as long as a job does. */
export const paces = [3, 40, 400] as const;

/** Between two steps: mostly as the story's pace is, now and then some seconds, or longer than a lease. */
export function gap(random: Random, pace: number): number {
  const kind = random.fraction();
  if (kind < 0.75) return random.below(pace);
  return kind < 0.92 ? random.below(5_000) : random.below(130_000);
}

/** Families of random numbers: no two of them may follow from the same keys. 1 is the story's own. */
export const families = {
  step: 2,
  repeat: 3,
  stream: 4,
  plot: 5,
  firing: 6,
  streamOfBroadcast: 8,
  conversation: 9,
  sweep: 10,
  lag: 11,
  quarantine: 12,
  lives: 13,
  reading: 14,
} as const;
