import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoreFault } from '../stores/store-server.ts';
import { call } from '../rigs/gateway-event.ts';
import { allVendors, startVendorStore, vendors, type VendorStore } from '../rigs/vendor-store-rig.ts';
import { seed, sized } from '../scope.ts';
import { randomOf, type Random } from '../world/random.ts';

const orders = sized({ test: 3, prove: 8, long: 200 });

const faults: readonly StoreFault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 401 },
  { kind: 'status', status: 429, retryAfterS: 5 },
  { kind: 'html' },
  { kind: 'another-user' },
  { kind: 'reset' },
];

type Kind = Parameters<VendorStore['people']['happen']>[0];
/** A life, its end, and the next one. */
const steps: readonly (readonly [Kind, string?])[] = [
  ['create', 'First'],
  ['give', 'staff'],
  ['rename', 'Renamed'],
  ['join', 'contractors'],
  ['leave', 'contractors'],
  ['disable'],
  ['enable'],
  ['take', 'staff'],
  ['join', 'staff'],
  ['leave', 'staff'],
  ['give', 'staff'],
  ['delete'],
  ['create', 'Again'],
  ['join', 'staff'],
  ['disable'],
  ['enable'],
];
const REBIRTH = 12;

describe.each(Object.keys(allVendors))('somebody who lives twice at %s', (name) => {
  const isRead = name in vendors;
  let store: VendorStore;
  beforeAll(async () => {
    store = await startVendorStore(name);
  });
  afterAll(() => store.close());

  const idOf = (number: number) => `a${String(number).padStart(7, '0')}-0000-4000-8000-000000000000`;
  const personOf = (id: string) => store.people.all.get(id);

  async function isDue(): Promise<boolean> {
    return (await store.real.table.rows()).some(({ pk, dueShard }) => pk.startsWith('read#') && dueShard !== undefined);
  }

  /** What the store says in a token that it issues now: `undefined` for nobody. */
  function tokenOf(id: string): Record<string, unknown> | undefined {
    const person = personOf(id);
    const iat = Math.floor(store.real.clock.now() / 1000);
    return person && { sub: id, name: 'Of the token', roles: [], groups: person.groups, iat };
  }
  const signIn = (claims: Record<string, unknown>) =>
    call(store.real.job(), { routeKey: 'POST /v1/identity', claims, body: {} });

  /** Brings what is on its way: an event, or a token. */
  const arrive = async (one: object) => void (await ('iat' in one ? signIn({ ...one }) : store.tell(one)));

  /** The store goes on while what it says arrives, each twice and in any order, and readings come in between. */
  async function live(ids: readonly [string, string], count: number, random: Random): Promise<void> {
    const { real, people, vendor, server } = store;
    const under: object[] = [];
    let done = 0;
    while (done < count || under.length > 0) {
      const dice = random.fraction();
      if (done < count && dice < 0.35) {
        const [kind, about] = steps[done] ?? ['create'];
        const id = ids[done < REBIRTH ? 0 : 1];
        real.clock.advance(2_000);
        const event = vendor.event(people.happen(kind, id, about));
        real.clock.advance(2_000);
        const token = vendor.hasTokenGroups && random.isLikely(0.3) ? tokenOf(id) : undefined;
        for (const one of [event, token]) if (one) under.push(one, one);
        done += 1;
      } else if (under.length > 0 && dice < 0.85) {
        const [one] = under.splice(random.below(under.length), 1);
        if (one) await arrive(one);
      } else {
        if (random.isLikely(0.3)) server.failNext(random.one(faults));
        await store.sweep();
      }
    }
    server.recover();
    for (let sweeps = 0; await isDue(); sweeps += 1) {
      expect(sweeps).toBeLessThan(20);
      real.clock.advance(301_000);
      await store.sweep();
    }
  }

  interface End {
    readonly account: string | undefined;
    readonly name: string | undefined;
    /** The one knowledge base that the contact is to query, by its last digit. */
    readonly base: string | undefined;
  }
  async function endOf(id: string): Promise<End> {
    const row = await store.rig.link(id);
    const bases = row?.desired.queryMetadata['knowledge_bases'] as { knowledge_base_id: string }[] | undefined;
    return {
      account: row?.accountStatus,
      name: row?.desired.name,
      base: bases?.[0]?.knowledge_base_id.slice(-1),
    };
  }
  function expected(id: string): End {
    const person = personOf(id);
    if (!person) return { account: 'deleted', name: '匿名', base: '0' };
    const isEnabled = person.isEnabled || !store.vendor.disables;
    // A user pool has groups and no roles.
    const isStaff = person.groups.includes('staff') || (person.roles.includes('staff') && name !== 'Cognito');
    const allowed = person.groups.includes('contractors') ? '1' : isStaff ? '2' : '0';
    return { account: isEnabled ? 'active' : 'disabled', name: person.name, base: isEnabled ? allowed : '0' };
  }

  /** Before the store's last word less may be known than it has, and never more given. */
  async function lastWord(id: string): Promise<void> {
    const { real, people, vendor, rig } = store;
    const before = await endOf(id);
    const wanted = expected(id);
    if (!isRead) {
      expect(before.account).toBe(wanted.account);
      expect(['0', wanted.base]).toContain(before.base);
      const person = personOf(id);
      real.clock.advance(4_000);
      // What came while the user was deleted left only its version: the next event that tells the user tells it again.
      if (person) await arrive(vendor.event(people.happen('rename', id, person.name)) ?? {});
      const token = vendor.hasTokenGroups ? tokenOf(id) : undefined;
      if (token) await arrive(token);
      return;
    }
    // Auth0 tells nothing of a role outside organizations, and WorkOS' own users are not disabled: somebody reads them again.
    await rig.hear({ refresh: id });
  }

  it(`ends as the store has it, in ${orders} random orders of what it says, of readings and of faults`, async () => {
    for (let order = 0; order < orders; order += 1) {
      const random = randomOf(seed, order);
      const first = idOf(2 * order);
      const ids = [first, store.vendor.repeatsIds ? first : idOf(2 * order + 1)] as const;
      const count = 1 + random.below(steps.length);
      await live(ids, count, random);
      for (const id of new Set(count > REBIRTH ? ids : [first])) {
        await lastWord(id);
        expect({ order, count, ...(await endOf(id)) }).toEqual({ order, count, ...expected(id) });
      }
    }
  }, 1_800_000);
});
