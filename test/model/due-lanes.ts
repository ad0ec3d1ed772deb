import { BULK_LANES, SHARDS, startingAt, TURNS, type Lane } from '../../functions/rules/lane.ts';

/** Each leaves out one rule of the order of service. */
export const weaknesses = [
  'what is urgent always goes first',
  'in each fourth minute somebody else is the first',
  'the turns begin at the same lane each time',
  'the shards begin at the same one each time',
  'live changes go before mass ones',
  'mass losses go before mass gains',
  'mass losses have no turn',
  'mass gains have no turn',
  'what failed often has no turn',
  'what is urgent goes before each round alone',
  'what is urgent has a turn like others',
] as const;
export type Weakness = (typeof weaknesses)[number];

/** Where one link waits: its lane and shard, and how many of that shard came before it. Everything else may be there, or not. */
export interface Place {
  readonly lane: Lane;
  readonly shard: number;
  readonly ahead: number;
}

/** Which lanes beside the one link's own shard have links, as many as anybody takes. */
export type Full = (lane: Lane) => boolean;

/** The link that is looked at, or another one: of its shard, or of a lane. */
export type Served = 'it' | 'before it' | Lane;

const URGENT_AT_ONCE = 4;
/** After so many minutes every turn and every shard has begun together with every other, and with a minute in which somebody else is first. */
export const MINUTES = 360;

/** Whom a sweep serves, one after the other, as `DynamoDueLinks.due` does, for as long as it is asked. */
export function* served(minute: number, place: Place, isFull: Full, weak?: Weakness): Generator<Served> {
  let { ahead } = place;
  let isGone = false;
  const own = (): Served => {
    if (ahead === 0) isGone = true;
    else ahead -= 1;
    return isGone ? 'it' : 'before it';
  };
  const turn = shardsInTurn(weak === 'the shards begin at the same one each time' ? 0 : minute);
  const next = (lane: Lane): Served | undefined => {
    const shard = lane === place.lane && !isGone ? turn(lane, place.shard, isFull(lane)) : undefined;
    if (shard === place.shard) return own();
    return isFull(lane) ? lane : undefined;
  };
  const urgent = function* (): Generator<Served> {
    for (let count = 0; count < URGENT_AT_ONCE; count += 1) {
      const one = place.lane === 'urgent' && !isGone ? own() : isFull('urgent') ? 'urgent' : undefined;
      if (one === undefined) return;
      yield one;
    }
  };
  const lanes = turnsOf(minute, weak).filter((lane) => !isHeldBack(lane, isFull, weak));
  const open = new Set(lanes);
  yield* before(minute, lanes, next, weak);
  for (;;) {
    let hadAny = false;
    if (weak !== 'what is urgent has a turn like others')
      for (const one of urgent()) {
        hadAny = true;
        yield one;
      }
    for (const lane of lanes) {
      if (BULK_LANES.has(lane) && open.has(lane) && !weak?.startsWith('what is urgent')) yield* urgent();
      const one = next(lane);
      if (one === undefined) {
        open.delete(lane);
        continue;
      }
      hadAny = true;
      yield one;
    }
    if (weak === 'what is urgent has a turn like others') yield* [...urgent()].slice(0, 1);
    if (!hadAny) return;
  }
}

/** The one link that goes before what is urgent, now and then. */
function* before(
  minute: number,
  lanes: readonly Lane[],
  next: (lane: Lane) => Served | undefined,
  weak?: Weakness,
): Generator<Served> {
  if (weak === 'what is urgent always goes first') return;
  if (minute % (weak === 'in each fourth minute somebody else is the first' ? 4 : 5) !== 0) return;
  for (const lane of lanes) {
    const one = next(lane);
    if (one === undefined) continue;
    yield one;
    return;
  }
}

function turnsOf(minute: number, weak?: Weakness): readonly Lane[] {
  const left = {
    'mass losses have no turn': 'losses',
    'mass gains have no turn': 'gains',
    'what failed often has no turn': 'last',
  } as const;
  const out = weak !== undefined && weak in left ? left[weak as keyof typeof left] : undefined;
  const turns = TURNS.filter((lane) => lane !== out);
  return startingAt(weak === 'the turns begin at the same lane each time' ? 0 : minute, turns);
}

function isHeldBack(lane: Lane, isFull: Full, weak?: Weakness): boolean {
  if (weak === 'live changes go before mass ones') return BULK_LANES.has(lane) && isFull('first');
  return weak === 'mass losses go before mass gains' && lane === 'gains' && isFull('losses');
}

/** The shards of a lane one after the other; those without links give their turns to the one that is looked at. */
function shardsInTurn(from: number) {
  const at = new Map<Lane, number>();
  return (lane: Lane, shard: number, areOthersFull: boolean): number => {
    if (!areOthersFull) return shard;
    const turn = at.get(lane) ?? from;
    at.set(lane, turn + 1);
    return turn % SHARDS[lane].length;
  };
}
