import { afterAll, expect, it } from 'vitest';
import type { Act } from '../contacts/person.ts';
import { contactPlot } from '../contacts/plot.ts';
import { judgeOrphans } from '../contacts/judge-receipt.ts';
import type { Person } from '../contacts/person.ts';
import { faultsAt } from '../faults.ts';
import type { Plot } from './case.ts';
import { accused, runCase, runCases, unknownAmong } from './case.ts';
import { Choice } from './chosen.ts';
import { attackedIn } from './encounters.ts';

const choice = new Choice('contacts');
afterAll(() => choice.requireHit());

/** What befalls somebody, each in every order, and the job is woken after each. */
const five = {
  late: 'told-updated',
  erase: 'told-deleted',
  recreate: 'told-created',
  update: 'told-updated',
  visitor: 'sign-in-visited',
} as const satisfies Record<string, Act>;
type Name = keyof typeof five;
/** What they say is as old as it stands here: somebody lives again in the end, or is gone for good. */
const ages: Readonly<Record<string, readonly Name[]>> = {
  'lives again': ['late', 'erase', 'recreate', 'update', 'visitor'],
  'is gone': ['late', 'recreate', 'update', 'visitor', 'erase'],
};
const allShares = { test: 700, prove: 24, long: 1 };
const ordersShare = { test: 6, prove: 2, long: 1 };

const orders = <One>(all: readonly One[]): One[][] =>
  all.length === 0
    ? [[]]
    : all.flatMap((one, at) => orders(all.filter((_, place) => place !== at)).map((rest) => [one, ...rest]));

/** At the end the visitor comes back with the token of then, and somebody who is over must not. */
const plot: Plot<Act, 'visited member'> = {
  ...contactPlot,
  async settle(player, how) {
    const end = await contactPlot.settle(player, how);
    await player.perform('visit');
    judgeOrphans(player as Person);
    return end;
  },
};

/** At the end the records of the deleted are gone through, under attack like the rest. */
const stories = Object.entries(ages).flatMap(([end, names]) =>
  orders(names).map((order) => ({
    name: `${end}: ${order.join(' ')}`,
    start: 'visited member' as const,
    acts: [...names.flatMap((name): Act[] => [five[name], 'sync']), 'records-due' as const, 'sweep' as const],
    inOrder: [...order.flatMap((name) => [2 * names.indexOf(name), 2 * names.indexOf(name) + 1]), 10, 11],
  })),
);

it(
  `in every order of five a death at any boundary revives nobody, orphans no contact, and leaves the receipt true (${Choice.said(allShares)})`,
  { timeout: 7_200_000 },
  async () => {
    const cases = [];
    for (const { name, ...story } of choice.of(
      stories.map((one) => ({ ...one, id: `orders/${one.name}` })),
      ordersShare,
    )) {
      const calm = await runCase({ ...story, id: `${story.id}/alone` }, plot);
      expect(accused([calm])).toEqual([]);
      expect(unknownAmong([calm])).toEqual([]);
      const deaths = attackedIn({}, calm.crossed).flatMap((at) => {
        const boundary = calm.crossed[at] ?? '';
        const occurrence = calm.crossed.slice(0, at + 1).filter((one) => one === boundary).length;
        return faultsAt(boundary)
          .filter((fault) => fault.startsWith('kill'))
          .map((fault) => ({
            ...story,
            id: `orders/${name}/${boundary}#${occurrence}/${fault}`,
            strike: { boundary, occurrence, fault },
            isSyncFirst: at % 2 === 0,
          }));
      });
      cases.push(...deaths);
    }
    expect(stories).toHaveLength(240);
    const outcomes = await runCases(choice.of(cases, allShares), plot);
    expect(accused(outcomes)).toEqual([]);
    expect(outcomes.filter(({ struck }) => struck.length !== 1).map(({ id }) => id)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(0);
  },
);
