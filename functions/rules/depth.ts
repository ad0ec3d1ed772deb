/** How many levels a JSON value has. It stops looking one level after `max`, so that its own recursion is bounded. */
export function depthOf(value: unknown, max: number, level = 0): number {
  if (value === null || typeof value !== 'object' || level > max) return level;
  // Not by spreading into Math.max: a list may have more elements than a call may have arguments.
  return Object.values(value).reduce<number>(
    (deepest, inner) => Math.max(deepest, depthOf(inner, max, level + 1)),
    level + 1,
  );
}
