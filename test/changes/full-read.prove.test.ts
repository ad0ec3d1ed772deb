import { afterEach, describe, expect, it } from 'vitest';
import { httpSender } from '../../functions/io/https.ts';
import type { FullReadAnswer } from '../../functions/changes/full-read.ts';
import type { FullRead } from '../../functions/rules/stores/full-read.ts';
import { canonicalJson } from '../../functions/rules/canonical.ts';
import type { Deployment } from '../../local/commands/deployment.ts';
import { fullRead, fullReadLines } from '../../local/commands/readings.ts';
import { mortal } from '../rigs/mortal.ts';
import { grant, startReadStore, type ReadStore } from '../rigs/read-store-rig.ts';
import { sized } from '../scope.ts';

const people = sized({ test: 150, prove: 600, long: 20_000 });
const planted = sized({ test: 12, prove: 24, long: 200 });
const losses = sized({ test: 15, prove: 60, long: 1_000 });

let store: ReadStore;
afterEach(() => store.close());

const idOf = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`;
const start = async (read: object = {}) => {
  store = await startReadStore({ roles: 'realmRoles', groups: 'groups' }, { read: { fullReadHours: 24, ...read } });
};

/** One call of the schedule, as each minute brings it. */
async function minute(): Promise<void> {
  store.real.clock.advance(61_000);
  await store.rig.hear({ fullReads: true });
}
async function stateNow(): Promise<FullRead> {
  const answer = (await store.rig.hear({ fullRead: 'staff' })) as FullReadAnswer;
  if (answer.kind !== 'state') throw new Error('there is no full reading');
  return answer.state;
}
/** Calls until the reading that is under way ends or is stopped. */
async function toTheEnd(): Promise<FullRead> {
  for (let calls = 0; calls < 2_000; calls += 1) {
    await minute();
    const state = await stateNow();
    if (state.phase === 'done' || state.phase === 'stopped') return state;
  }
  throw new Error('it does not end');
}
/** What an operator runs. */
const command = async (release?: number) =>
  fullReadLines(
    'staff',
    await fullRead(
      {
        callUserChanged: async (event: object) => ({ kind: 'answered', payload: await store.rig.hear(event as never) }),
      } as unknown as Deployment,
      'staff',
      release,
    ),
  );
const nextNight = () => store.real.clock.advance(24 * 3_600_000);

/** So many staff, whom a first full reading has found. */
async function settled(count = people): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    store.realm.create(idOf(number), { enabled: true, firstName: `Person ${number}` });
    store.realm.give(idOf(number), 'staff');
  }
  expect(await toTheEnd()).toMatchObject({ phase: 'done', others: count, losses: 0 });
  nextNight();
}

type Shown = Record<string, string>;
async function shown(): Promise<Shown> {
  const rows = await store.rig.links();
  return Object.fromEntries(
    rows.map(({ pk, accountStatus, desired }) => [
      pk,
      `${accountStatus} ${desired.name} ${canonicalJson(desired.queryMetadata)}`,
    ]),
  );
}
const differing = (before: Shown, after: Shown) =>
  Object.keys(after)
    .filter((pk) => before[pk] !== after[pk])
    .toSorted();

/** Each kind of difference in turn, of which no event ever told. */
function plant(count: number): string[] {
  const { realm } = store;
  const kinds: readonly ((id: string) => unknown)[] = [
    (id) => realm.update(id, { firstName: 'Renamed' }),
    (id) => realm.join(id, '/contractors'),
    (id) => realm.update(id, { enabled: false }),
    (id) => realm.remove(id),
    (id) => realm.create(`${id}-new`, { enabled: true, firstName: 'New' }),
    (id) => realm.update(id, { lastName: 'Longer' }),
  ];
  return Array.from({ length: count }, (_, at) => {
    const id = idOf(at * Math.floor(people / count));
    kinds[at % kinds.length]?.(id);
    return `user#${id}${at % kinds.length === 4 ? '-new' : ''}`;
  }).toSorted();
}

describe('a full reading', () => {
  it(`finds exactly ${planted} planted differences among ${people} people`, async () => {
    await start();
    await settled();
    const before = await shown();
    const expected = plant(planted);
    const state = await toTheEnd();
    expect(state).toMatchObject({ phase: 'done', people, unread: 0 });
    expect(state.losses + state.others).toBe(planted);
    const after = await shown();
    expect(differing(before, after)).toEqual(expected);
    for (const pk of expected) {
      const user = store.realm.users.get(pk.slice('user#'.length));
      // Who is missing is disabled and never erased.
      expect(after[pk]).toMatch(user?.enabled === true ? /^active/ : /^disabled/);
    }
  }, 1_800_000);

  it(`stops at ${losses} losses among ${people}, changes nothing, and goes on by a person's word alone`, async () => {
    await start();
    await settled();
    const before = await shown();
    for (let number = 0; number < losses; number += 1) store.realm.take(idOf(number), 'staff');
    store.realm.update(idOf(people - 1), { firstName: 'Renamed' });
    const state = await toTheEnd();
    expect(state).toMatchObject({ phase: 'stopped', losses, others: 1 });
    await minute();
    expect(differing(before, await shown())).toEqual([]);
    expect(store.real.lines.some((line) => line.includes('"FullReadsHeldUp":1'))).toBe(true);
    const shownLines = await command();
    expect(shownLines.slice(1, -1).toSorted()).toEqual(
      Array.from({ length: losses }, (_, number) => `  loss ${idOf(number)}`),
    );
    // An event about one person does not wait for it.
    await store.tell(store.realm.update(idOf(losses), { enabled: false }));
    expect(await store.rig.link(idOf(losses))).toMatchObject({ accountStatus: 'disabled' });
    const [, release = ''] = /--release (\d+)$/.exec(shownLines.at(-1) ?? '') ?? [];
    await expect(command(Number(release) - 1)).rejects.toThrow('not this reading');
    expect(await command(Number(release))).toEqual(['released: it is committed within minutes']);
    await expect(command(Number(release))).rejects.toThrow('not this reading');
    expect(await toTheEnd()).toMatchObject({ phase: 'done' });
    expect(differing(before, await shown())).toHaveLength(losses + 2);
  }, 1_800_000);

  it('comes to the same end though it is killed at every step', async () => {
    await start();
    await settled(24);
    const before = await shown();
    const gone = [idOf(3), idOf(9)];
    for (const id of gone) store.realm.remove(id);
    store.realm.join(idOf(5), '/contractors');
    store.realm.create('somebody-new', { enabled: true, firstName: 'New' });
    for (let deaths = 0; ; deaths += 1) {
      expect(deaths).toBeLessThan(2_000);
      // Each call is killed a boundary later than the one before; whoever gets further than ever leaves the place behind.
      let crossed = 0;
      const life = mortal(
        { client: store.real.table.client, send: httpSender() },
        () => (crossed += 1) > 2 + (deaths % 160),
      );
      store.real.clock.advance(61_000);
      const ended = await life.run(store.rig.hear({ fullReads: true }, {}, life));
      if (ended === 'killed' || (await stateNow()).phase !== 'done') continue;
      expect(deaths).toBeGreaterThan(20);
      break;
    }
    store.real.clock.advance(61_000);
    await store.sweep();
    expect(differing(before, await shown())).toEqual(
      [...gone, idOf(5), 'somebody-new'].map((id) => `user#${id}`).toSorted(),
    );
  });

  it('waits where the store is away, says so when the next one should begin, and comes to its end', async () => {
    await start();
    await settled(24);
    store.realm.remove(idOf(3));
    for (let minutes = 0; minutes < 5; minutes += 1) {
      store.keycloak.failNext({ kind: 'status', status: 429, retryAfterS: 30 });
      await minute();
    }
    expect(await stateNow()).toMatchObject({ losses: 0, attempts: 5 });
    nextNight();
    store.keycloak.failNext({ kind: 'reset' });
    await minute();
    expect(store.real.lines.some((line) => line.includes('"FullReadsHeldUp":1'))).toBe(true);
    await toTheEnd();
    expect(await store.rig.link(idOf(3))).toMatchObject({ accountStatus: 'disabled' });
  });

  it('goes on without somebody of whom the store gives no answer, and leaves them due', async () => {
    await start();
    await settled(24);
    const read = store.keycloak.calls.length;
    store.realm.remove(idOf(20));
    for (let tries = 0; tries < 40; tries += 1) store.keycloak.failNext({ kind: 'html' }, `/users/${idOf(7)}`);
    expect(await toTheEnd()).toMatchObject({ phase: 'done', unread: 1, losses: 1 });
    expect(store.keycloak.calls.length).toBeGreaterThan(read);
    expect(await store.rig.link(idOf(7))).toMatchObject({ accountStatus: 'active' });
    const row = (await store.real.table.rows()).find(({ pk }) => pk === `read#staff#${idOf(7)}`);
    expect(row).toHaveProperty('dueShard');
  });

  it('is made once in so many hours', async () => {
    await start();
    await settled(3);
    store.real.clock.advance(-2 * 3_600_000);
    const read = store.keycloak.calls.length;
    await minute();
    expect(store.keycloak.calls).toHaveLength(read);
  });
});

describe('new settings that take something from everybody', () => {
  const fewer = () => {
    const { settings } = store.rig;
    const rules = settings.permissions.rules.map((rule) => ({ ...rule, grant: grant('3') }));
    return { ...settings, deployment: 2, permissions: { ...settings.permissions, rules } };
  };

  it('are no losses of a store whose reading comes before their evaluation', async () => {
    await start();
    await settled(20);
    store.rig.settings = fewer();
    store.realm.update(idOf(5), { enabled: false });
    expect(await toTheEnd()).toMatchObject({ phase: 'done', people: 20, losses: 1, others: 0, unread: 0 });
    expect((await shown())[`user#${idOf(5)}`]).toMatch(/^disabled/);
  });

  it('leave nobody unread where a function of the earlier deployment was reading', async () => {
    await start();
    await settled(20);
    const earlier = store.rig.settings;
    const later = fewer();
    store.rig.settings = later;
    store.rig.finished.clear();
    await store.rig.sync({ sweep: true });
    store.realm.update(idOf(5), { enabled: false });
    store.rig.settings = earlier;
    await minute();
    expect(await stateNow()).toMatchObject({ phase: 'done', others: 20, unread: 0 });
    store.rig.settings = later;
    expect(await toTheEnd()).toMatchObject({ phase: 'done', people: 20, losses: 1, others: 0, unread: 0 });
  });
});
