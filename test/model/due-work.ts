/**
 * A small model of due work, for liveness: `A` is a user whose update MaiAgent would take; `P` and `Q` always fail. A sweep comes once a
 * minute and has time for one link or for three. Between two sweeps anybody who fails may be due again, and anything may change anew.
 */
export interface State {
  /** The two shards of the lane `first` and the lane `again`, the longest due first. */
  readonly first: readonly [string, string];
  readonly again: string;
  /** Not due yet: failed, or left behind by a worker that died. */
  readonly away: string;
  /** Who has failed since it was last clean. */
  readonly failed: string;
  /** Where the turns and the shards begin. */
  readonly minute: number;
  /** `asking`: a worker that died has the right to ask whether the pause is over. */
  readonly pause: 'none' | 'paused' | 'asking';
  readonly isUp: boolean;
  readonly isServed: boolean;
}

/** Each breaks one rule of the code; the first two are what the code once did. */
export const weaknesses = [
  'a sweep ends after two failures and begins with the oldest of shard 0',
  "one user's pause is everybody's, and sweeps begin with the oldest of shard 0",
  'the newest is the first',
  'who fails keeps the place',
  'the turns begin at the same lane each time',
  'the shards begin at the same one each time',
  'the first lane goes before the other',
  'nobody asks whether a pause is over',
  'whoever dies while asking keeps the right to ask',
  'whoever sees a pause lengthens it',
  'a good answer does not lift the pause',
  'what a dead worker had is not due again',
  'who fails is not due again',
  'a change takes the place in the line away',
] as const;
export type Weakness = (typeof weaknesses)[number];

const MINUTES = 6;
const TURNS = ['first', 'again', 'first'];
const BUDGETS = [1, 3];
const shardOf = (link: string): 0 | 1 => (link === 'P' ? 0 : 1);
const isOldOrder = (weak?: Weakness): boolean => weak?.includes('the oldest of shard 0') ?? false;
const without = (text: string, link: string): string => text.replace(link, '');

export const beginnings: readonly State[] = ['APQ', 'AQP', 'PAQ', 'QAP', 'PQA', 'QPA'].map((order) => ({
  first: [
    Array.from(order)
      .filter((one) => shardOf(one) === 0)
      .join(''),
    Array.from(order)
      .filter((one) => shardOf(one) === 1)
      .join(''),
  ],
  again: '',
  away: '',
  failed: '',
  minute: 0,
  pause: 'none',
  isUp: true,
  isServed: false,
}));

function withFirst(state: State, shard: 0 | 1, queue: string): State {
  const [zero, one] = state.first;
  return { ...state, first: shard === 0 ? [queue, one] : [zero, queue] };
}

const remove = (state: State, link: string): State => ({
  ...state,
  first: [without(state.first[0], link), without(state.first[1], link)],
  again: without(state.again, link),
  away: without(state.away, link),
});

/** A link joins the end of its line. */
function join(state: State, link: string, weak?: Weakness): State {
  if (state.failed.includes(link) && !isOldOrder(weak)) return { ...state, again: state.again + link };
  const shard = shardOf(link);
  return withFirst(state, shard, state.first[shard] + link);
}

/** What may happen between two sweeps although all is well: a delay ends, and a user changes anew. */
export function between(state: State, weak?: Weakness): State[] {
  const due = Array.from(state.away)
    .filter((link) => weak !== 'who fails is not due again' || !state.failed.includes(link))
    .filter((link) => weak !== 'what a dead worker had is not due again' || state.failed.includes(link))
    .map((link) => join(remove(state, link), link, weak));
  const changed = Array.from('APQ').flatMap((link) => {
    const shard = shardOf(link);
    // Who is in the first lane already keeps the place.
    const isThere = state.first[shard].includes(link);
    if (isThere && weak !== 'a change takes the place in the line away') return [];
    if (!isThere && link === 'A') return [];
    const moved = remove(state, link);
    return [withFirst(moved, shard, moved.first[shard] + link)];
  });
  return [...due, ...changed];
}

/** What else may happen, until it stops: MaiAgent goes down and comes up. Workers die in `sweeps`. */
export const trouble = (state: State): State[] => [{ ...state, isUp: !state.isUp }];

/** Who is served next, by the turns of the lanes and of the shards, from the place of this minute. */
function next(state: State, minute: number, served: number, weak?: Weakness): string | undefined {
  const laneFrom = weak === 'the turns begin at the same lane each time' ? served : minute + served;
  const shardFrom = weak === 'the shards begin at the same one each time' ? served : minute + served;
  const order = isOldOrder(weak) ? [0, 1] : [shardFrom % 2, (shardFrom + 1) % 2];
  const firsts = order.map((shard) => state.first[shard] ?? '').filter((queue) => queue !== '');
  const isFirst =
    weak === 'the first lane goes before the other' || isOldOrder(weak) || TURNS[laneFrom % 3] === 'first';
  const lines = isFirst ? [...firsts, state.again] : [state.again, ...firsts];
  const line = lines.find((queue) => queue !== '');
  return weak === 'the newest is the first' ? line?.at(-1) : line?.[0];
}

/** Every way in which one sweep may go; `mayDie`: its worker may end at any link, or while it asks. */
export function sweeps(before: State, mayDie: boolean, weak?: Weakness): State[] {
  const minute = (before.minute + 1) % MINUTES;
  const state = { ...before, minute };
  if (state.pause === 'none') return BUDGETS.flatMap((budget) => serve(state, budget, 0, mayDie, weak));
  // A minute is longer than any pause, and than the right to ask.
  if (weak === 'nobody asks whether a pause is over' || weak === 'whoever sees a pause lengthens it') return [state];
  if (state.pause === 'asking' && weak === 'whoever dies while asking keeps the right to ask') return [state];
  const died: State[] = mayDie ? [{ ...state, pause: 'asking' }] : [];
  if (!state.isUp || weak === 'a good answer does not lift the pause') return [{ ...state, pause: 'paused' }, ...died];
  const lifted: State = { ...state, pause: 'none' };
  return [...died, ...BUDGETS.flatMap((budget) => serve(lifted, budget, 0, mayDie, weak))];
}

function serve(state: State, budget: number, served: number, mayDie: boolean, weak?: Weakness): State[] {
  const { minute } = state;
  const link = budget > 0 ? next(state, minute, served, weak) : undefined;
  if (link === undefined) return [state];
  const taken = remove(state, link);
  const died: State[] = mayDie ? [{ ...taken, away: taken.away + link }] : [];
  if (link === 'A' && state.isUp) return [...died, { ...taken, isServed: true }];
  const failed = state.failed.includes(link) ? state.failed : state.failed + link;
  const after: State =
    weak === 'who fails keeps the place' ? { ...state, failed } : { ...taken, failed, away: taken.away + link };
  // A read tells that MaiAgent is down.
  if (!state.isUp) return [...died, { ...after, pause: 'paused' }];
  if (weak?.startsWith("one user's pause")) return [...died, { ...after, pause: 'paused' }];
  if (weak?.startsWith('a sweep ends') && served === 1) return [...died, after];
  return [...died, ...serve(after, budget - 1, served + 1, mayDie, weak)];
}
