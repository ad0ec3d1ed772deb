/** The middle of a list; between the two in the middle where there is no single one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** A median with the interval of order statistics that holds the true one 95 times in 100, whatever the distribution (below 6 values: all). */
export function intervalOf(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const { length } = sorted;
  const low = Math.max(0, Math.floor((length - 1.96 * Math.sqrt(length)) / 2));
  return { median: median(values), low: sorted[low]!, high: sorted[length - 1 - low]! };
}
