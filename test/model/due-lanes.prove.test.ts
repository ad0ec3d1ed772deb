import { CreateTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { DynamoDueLinks } from '../../functions/io/aws/due-links.ts';
import { SHARDS, TURNS, type Lane } from '../../functions/rules/lane.ts';
import { linksSchema } from '../rigs/table-schemas.ts';
import { seed, sized } from '../scope.ts';
import { MemoryDatabase } from '../world/database/memory-database.ts';
import { randomOf } from '../world/random.ts';
import { MINUTES, served, weaknesses, type Full, type Place, type Served, type Weakness } from './due-lanes.ts';

const lanes = Object.keys(SHARDS) as Lane[];
const AHEAD_MAX = 1;
/** Sweeps that are compared with the code's, and how many links are asked for in each. */
const CASES = sized({ test: 60, prove: 1_500, long: 1_500 });
const ASKED = 12;
const places: readonly Place[] = lanes.flatMap((lane) =>
  SHARDS[lane].flatMap((_, shard) => Array.from({ length: AHEAD_MAX + 1 }, (__, ahead) => ({ lane, shard, ahead }))),
);
/** Every choice of lanes that have links, first all of them. */
const fulls: readonly Full[] = Array.from(
  { length: 2 ** lanes.length },
  (_, bits) => (lane: Lane) => ((bits >> lanes.indexOf(lane)) & 1) === 0,
);
/** A sweep has time for one link or for three. */
const BUDGETS = [1, 3];

function someOf(sweep: Iterator<Served>, budget: number): Served[] {
  const some: Served[] = [];
  for (let step = sweep.next(); !step.done && some.length < budget; step = sweep.next()) some.push(step.value);
  return some;
}

/** How many of its shard are before the link after one sweep, at the most; `served` where it was served however it went. */
function afterSweep(minute: number, place: Place, budget: number, weak?: Weakness): number | 'served' {
  let worst: number | 'served' = 'served';
  for (const isFull of fulls) {
    const some = someOf(served(minute, place, isFull, weak), budget);
    if (some.includes('it')) continue;
    const ahead = place.ahead - some.filter((one) => one === 'before it').length;
    // Nothing is worse than to come no nearer.
    if (ahead === place.ahead) return ahead;
    worst = worst === 'served' ? ahead : Math.max(worst, ahead);
  }
  return worst;
}

/** The lanes in which a link may wait for ever, although sweeps go on coming and each has time for one link. */
function starving(weak?: Weakness): readonly Lane[] {
  const starved = new Set<Lane>();
  for (const budget of BUDGETS)
    for (const place of places.filter(({ ahead }) => ahead === AHEAD_MAX)) {
      let { ahead } = place;
      let isServed = false;
      // Wherever it begins, the minutes come round: who is not nearer after all of them never will be.
      for (let minute = 0; minute < (AHEAD_MAX + 1) * MINUTES && !isServed; minute += 1) {
        const left = afterSweep(minute % MINUTES, { ...place, ahead }, budget, weak);
        if (left === 'served') isServed = true;
        else ahead = left;
      }
      if (!isServed) starved.add(place.lane);
    }
  return [...starved];
}

/** The most links that one urgent link sees go before it in a sweep; those of its own shard were urgent earlier. */
function beforeUrgent(weak?: Weakness): number {
  let most = 0;
  for (let minute = 0; minute < MINUTES; minute += 1)
    for (const isFull of fulls) {
      const some = someOf(served(minute, { lane: 'urgent', shard: 0, ahead: 0 }, isFull, weak), 2 * TURNS.length);
      const at = some.indexOf('it');
      most = Math.max(most, at < 0 ? Infinity : at);
    }
  return most;
}

/** The most others that go between two urgent links of a mass change's round, where a new one may come at any time. */
function betweenUrgent(weak?: Weakness): number {
  let most = 0;
  for (let minute = 0; minute < MINUTES; minute += 1) {
    let others = 0;
    const some = someOf(
      served(minute, { lane: 'urgent', shard: 0, ahead: 1_000 }, (lane) => lane !== 'urgent', weak),
      60,
    );
    for (const one of some) {
      others = one === 'before it' ? 0 : others + 1;
      most = Math.max(most, others);
    }
  }
  return most;
}

/** Whom the code serves first, where a full lane has more links than are asked for in each of its shards. */
async function servedByCode(minute: number, place: Place, isFull: Full): Promise<Served[]> {
  const database = new MemoryDatabase();
  await database.send(new CreateTableCommand(linksSchema));
  const put = (dueShard: string, pk: string, dueAt: number) =>
    database.send(new PutItemCommand({ TableName: 'Links', Item: marshall({ pk, dueShard, dueAt }) }));
  for (const lane of lanes)
    for (const [shard, dueShard] of SHARDS[lane].entries()) {
      const isIts = lane === place.lane && shard === place.shard;
      for (let one = 0; one <= (isIts ? place.ahead : -1); one += 1)
        await put(dueShard, one === place.ahead ? 'it' : `${lane}#before-${one}`, one);
      for (let one = 0; isFull(lane) && one < ASKED; one += 1) await put(dueShard, `${lane}#${shard}-${one}`, 10 + one);
    }
  const some: Served[] = [];
  for await (const pk of new DynamoDueLinks(database.client, 'Links').due((MINUTES + minute) * 60_000)) {
    some.push(pk.split('#')[0] as Served);
    if (some.length === ASKED) break;
  }
  return some;
}

describe('the order of service', () => {
  it('serves a link in every lane and shard at last, whatever else there is and however short the sweeps are', () => {
    expect(starving()).toEqual([]);
  });

  it('lets one other link at most go before what is urgent, and seven between two looks at it', () => {
    expect(beforeUrgent()).toBe(1);
    expect(betweenUrgent()).toBeLessThanOrEqual(TURNS.length - 1);
  });

  it.each([
    ['what is urgent always goes first', ['first', 'again', 'last', 'losses', 'gains']],
    ['in each fourth minute somebody else is the first', ['first']],
    ['the turns begin at the same lane each time', ['again', 'last', 'losses', 'gains']],
    ['the shards begin at the same one each time', ['first']],
    ['live changes go before mass ones', ['losses', 'gains']],
    ['mass losses go before mass gains', ['gains']],
    ['mass losses have no turn', ['losses', 'first']],
    ['mass gains have no turn', ['gains', 'first']],
    // The turns are eight then, as many as the shards, so that the same shards are never reached.
    ['what failed often has no turn', ['last', 'first']],
  ] satisfies [Weakness, Lane[]][])('leaves somebody waiting for ever where %s', (weak, waiting) => {
    expect(new Set(starving(weak))).toEqual(new Set(waiting));
  });

  it.each([
    'what is urgent goes before each round alone',
    'what is urgent has a turn like others',
  ] satisfies Weakness[])('lets a mass change go before a single person where %s', (weak) => {
    expect([beforeUrgent(weak), betweenUrgent(weak)]).not.toEqual([beforeUrgent(), betweenUrgent()]);
  });

  it('has a fact for each weakness', () => {
    expect(weaknesses).toHaveLength(11);
  });

  it(`is the code's, in ${CASES} sweeps`, async () => {
    const random = randomOf(seed);
    for (let number = 0; number < CASES; number += 1) {
      const minute = random.below(MINUTES);
      const place = random.one(places);
      const isFull = random.one(fulls);
      const modelled = someOf(served(minute, place, isFull), ASKED).map((one) => {
        return one === 'it' ? one : one === 'before it' ? place.lane : one;
      });
      expect(await servedByCode(minute, place, isFull), JSON.stringify({ minute, place })).toEqual(modelled);
    }
  });
});
