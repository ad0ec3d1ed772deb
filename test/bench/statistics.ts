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

/** The exponent of the growth: the slope of log(cost) over log(size), by least squares. 1 is linear. */
export function exponentOf(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const mean = (of: 0 | 1) => logs.reduce((sum, point) => sum + point[of], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const over = logs.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return over / logs.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}
