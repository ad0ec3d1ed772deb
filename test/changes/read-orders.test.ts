import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoreFault } from '../stores/store-server.ts';
import { effectiveRoles } from '../stores/keycloak-realm.ts';
import { startReadStore, type ReadStore } from '../rigs/read-store-rig.ts';
import { seed, sized } from '../scope.ts';
import { randomOf, type Random } from '../world/random.ts';

const orders = sized({ test: 8, prove: 24, long: 200 });
const idOf = (digit: number) => `c0a80101-0000-4000-8000-00000000000${digit}`;

let store: ReadStore;
let real: ReadStore['real'];
let rig: ReadStore['rig'];
let realm: ReadStore['realm'];
let keycloak: ReadStore['keycloak'];
beforeAll(async () => {
  // The whole story of a user takes longer than Keycloak repeats.
  store = await startReadStore({ roles: 'realmRoles', groups: 'groups' }, { replayMinutes: 11_520 });
  ({ real, rig, realm, keycloak } = store);
  realm.groupRoles.set('/staff', ['lead']);
  realm.composites.set('lead', ['staff']);
});
afterAll(() => store.close());

const deliver = (event: object) => store.tell(event);
const sweep = () => store.sweep();
const isDue = async (id: string) =>
  (await real.table.rows()).some((row) => row.pk === `read#staff#${id}` && row.dueShard !== undefined);

/** What happens in the realm: rights given and taken by roles and by groups, a standing, a name, an end and a return. */
const steps: readonly ((id: string) => object)[] = [
  (id) => realm.create(id, { enabled: true, firstName: 'First' }),
  (id) => realm.give(id, 'staff'),
  (id) => realm.update(id, { firstName: 'Renamed' }),
  (id) => realm.join(id, '/contractors'),
  (id) => realm.leave(id, '/contractors'),
  (id) => realm.update(id, { enabled: false }),
  (id) => realm.update(id, { enabled: true }),
  (id) => realm.take(id, 'staff'),
  (id) => realm.join(id, '/staff'),
  (id) => realm.remove(id),
  (id) => realm.create(id, { enabled: true, firstName: 'Again' }),
  (id) => realm.join(id, '/staff'),
];

const faults: readonly StoreFault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 401 },
  { kind: 'status', status: 429, retryAfterS: 5 },
  { kind: 'html' },
  { kind: 'another-user' },
  { kind: 'reset' },
];

/** The realm goes on while its events arrive, each twice and in any order, and readings come in between. */
async function live(id: string, count: number, random: Random): Promise<void> {
  const under: object[] = [];
  let done = 0;
  while (done < count || under.length > 0) {
    real.clock.advance(1_000);
    const dice = random.fraction();
    if (done < count && dice < 0.35) {
      const event = steps[done]?.(id) ?? {};
      under.push(event, event);
      done += 1;
    } else if (under.length > 0 && dice < 0.85) {
      const [event = {}] = under.splice(random.below(under.length), 1);
      expect((await deliver(event)).status).toBe(202);
    } else {
      if (random.isLikely(0.3)) keycloak.failNext(random.one(faults));
      await sweep();
    }
  }
  for (let sweeps = 0; await isDue(id); sweeps += 1) {
    expect(sweeps).toBeLessThan(20);
    real.clock.advance(301_000);
    await sweep();
  }
}

/** What the realm's own state comes to. */
function expected(id: string) {
  const user = realm.users.get(id);
  if (!user) return { account: 'deleted', name: '匿名', base: idOf(0) };
  const base = user.groups.includes('/contractors') ? 1 : effectiveRoles(realm, user).includes('staff') ? 2 : 0;
  const account = user.enabled ? 'active' : 'disabled';
  return { account, name: user.firstName, base: idOf(user.enabled ? base : 0) };
}

describe('a user of a Keycloak that is read', () => {
  it(`ends as the realm has it, in ${orders} random orders of events, readings and faults`, async () => {
    for (let order = 0; order < orders; order += 1) {
      const random = randomOf(seed, order);
      const id = `${String(order).padStart(8, '0')}-0000-4000-8000-000000000000`;
      const count = 1 + random.below(steps.length);
      await live(id, count, random);
      const row = await rig.link(id);
      const bases = row?.desired.queryMetadata['knowledge_bases'] as { knowledge_base_id: string }[];
      const end = { account: row?.accountStatus, name: row?.desired.name, base: bases[0]?.knowledge_base_id };
      expect({ order, count, ...end }).toEqual({ order, count, ...expected(id) });
    }
  }, 600_000);
});
