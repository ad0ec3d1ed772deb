import { hashOf } from './canonical.ts';

/**
 * Where a due link waits. Links that have not failed yet are in the lane `first`, which has eight shards of the index `Due`, because
 * each accepted change writes there. The others fail no faster than MaiAgent answers, so one shard for a lane is enough.
 */
export type Lane = 'first' | 'again' | 'last';

/** The shards of each lane; each is sorted by time. */
export const SHARDS: Readonly<Record<Lane, readonly string[]>> = {
  first: ['0', '1', '2', '3', '4', '5', '6', '7'],
  again: ['again'],
  last: ['last'],
};

/**
 * The turns of the lanes. A lane without due links gives its turns away, so a link that has n links of its lane before it is served
 * after at most 7 / 4 · n, 7 / 2 · n or 7 · n others and one round, however many wait in the other lanes.
 */
export const TURNS: readonly Lane[] = ['first', 'again', 'first', 'last', 'first', 'again', 'first'];

/** A link that has failed this often goes to the last lane. */
const LAST_AFTER = 4;

export const laneOf = (attempts = 0): Lane => (attempts >= LAST_AFTER ? 'last' : attempts > 0 ? 'again' : 'first');

/** The shard of a link that has failed so often since it was last clean. */
export function dueShard(sourceId: string, attempts = 0): string {
  const shards = SHARDS[laneOf(attempts)];
  return shards[(hashOf(sourceId).codePointAt(0) ?? 0) % shards.length] ?? '';
}

/** The same list, begun at another place, so that a sweep whose time is short does not leave out the same ones again. */
export const startingAt = <One>(place: number, ones: readonly One[]): readonly One[] => {
  const first = place % ones.length;
  return [...ones.slice(first), ...ones.slice(0, first)];
};
