import { describe, expect, it } from 'vitest';
import { witness } from '../../../functions/rules/contacts/believe.ts';
import { draft, type Link } from '../../../functions/rules/contacts/link.ts';
import { readDelivery, type WebhookSource } from '../../../functions/rules/sources/source.ts';
import { seed, sized } from '../../scope.ts';
import { randomOf, type Random } from '../../world/random.ts';
import { rowOf } from '../contacts/sample-links.ts';
import {
  keycloakSource,
  startMs,
  story,
  toldBy,
  toldByKeycloak,
  userId,
  vendors,
  type StoreUser,
  type Told,
} from './vendor-stories.ts';

const orders = sized({ test: 60, prove: 600, long: 10_000 });
const idOf = (digit: number) => `c0a80101-0000-4000-8000-00000000000${digit}`;
const grant = (digit: number) => ({
  knowledgeBases: [{ id: idOf(digit), files: 'all' as const, faqs: 'all' as const }],
});
const subject = { kind: 'user', userId } as const;

/** What the store's own state comes to. */
function expected(user: StoreUser | undefined) {
  if (!user) return { account: 'deleted', name: '匿名', base: idOf(0) };
  const base = user.groups.includes('contractors') ? 1 : user.roles.includes('staff') ? 2 : 0;
  return { account: user.isEnabled ? 'active' : 'disabled', name: user.name, base: idOf(user.isEnabled ? base : 0) };
}

/** What the events come to in this order. */
function endOf(source: WebhookSource, arrivals: readonly { body: object; id: string }[]) {
  const rules = [
    { when: { group: 'contractors' }, grant: grant(1) },
    { when: { role: 'staff' }, grant: grant(2) },
  ];
  const policy = {
    permissions: { none: grant(0), rules },
    metadata: [],
    deployment: 1,
    witnesses: [witness('store', source.fields)],
  };
  let row: Link | undefined;
  for (const { body, id } of arrivals) {
    const delivery = { body: Buffer.from(JSON.stringify(body)), key: '', eventId: id, readAtMs: startMs + 60_000 };
    const event = readDelivery(source, delivery);
    if (event.kind === 'unreadable') throw new Error(JSON.stringify([event.flaws, body]));
    if (event.kind !== 'change') continue;
    expect(event.userId).toBe(userId);
    row = rowOf(draft(subject, row, event.change, policy), row);
  }
  const bases = row?.desired.queryMetadata['knowledge_bases'] as { knowledge_base_id: string }[];
  const end = { account: row?.accountStatus, name: row?.desired.name, base: bases[0]?.knowledge_base_id };
  return { end, isLessKnown: JSON.stringify(row?.reports).includes('"erased"') };
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0] as T);
}

function expectOneEnd(source: WebhookSource, told: (steps: number) => Told): void {
  let whole = 0;
  for (let order = 0; order < orders; order += 1) {
    const random = randomOf(seed, order);
    const steps = 1 + random.below(story.length);
    const { bodies, user } = told(steps);
    const twice = [...bodies, ...bodies].map((body, index) => ({ body, id: `event-${index % bodies.length}` }));
    const arrivals = shuffled(twice, random);
    const { end, isLessKnown } = endOf(source, arrivals);
    const wanted = expected(user);
    if (!isLessKnown) {
      expect({ order, steps, ...end }).toEqual({ order, steps, ...wanted });
      whole += 1;
      continue;
    }
    // What arrived while the user was deleted left its version alone: until it is told again, nothing is shown and nothing granted by it.
    expect({ order, steps, account: end.account }).toEqual({ order, steps, account: wanted.account });
    expect(['匿名', wanted.name]).toContain(end.name);
    expect([idOf(0), wanted.base]).toContain(end.base);
  }
  expect(whole).toBeGreaterThan(orders / 2);
}

describe(`a user's life at a store, each event twice, in ${orders} random orders`, () => {
  it.each(Object.entries(vendors))('ends as %s has it', (_, vendor) => {
    expectOneEnd(vendor.source, (steps) => toldBy(vendor, steps));
  });

  it('ends as Keycloak has it', () => {
    expectOneEnd(keycloakSource, toldByKeycloak);
  });
});
