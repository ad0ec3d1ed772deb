import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../functions/rules/canonical.ts';
import { ChangeRig } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, sampleUser, ScimRig } from '../rigs/scim-rig.ts';
import { sized } from '../scope.ts';

/** The members of a group, and how many of them have a contact. */
const MEMBERS = sized({ test: 130, prove: 500, long: 10_000 });
const SIGNED_IN = sized({ test: 10, prove: 100, long: 100 });
const ABREAST = 20;

let real: RealDeps;
let rig: ScimRig;
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
  rig = new ScimRig(real);
});
afterAll(() => real.close());

async function abreast(count: number, each: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await each(next++);
  };
  await Promise.all(Array.from({ length: ABREAST }, worker));
}

const updates = (): number => real.emulator.calls.filter(({ method }) => method === 'PUT' || method === 'PATCH').length;
const isOwed = async (): Promise<boolean> => (await real.table.rows()).some(({ dueShard }) => dueShard === 'scim');

async function carryAll(between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  for (let minutes = 0; await isOwed(); minutes += 1) {
    if (minutes > 100) throw new Error('still owed');
    real.clock.advance(60_000);
    await rig.carry();
    await between();
  }
}

describe('a large group', () => {
  it(
    `of ${MEMBERS} is taken from everybody with its 2xx, and MaiAgent is told once of each contact`,
    { timeout: 3_600_000 },
    async () => {
      const ids: string[] = [];
      await abreast(MEMBERS, async (at) => {
        ids[at] = (await rig.ask('POST Users', { body: sampleUser(`m-${at}`) })).body.id as string;
      });
      await rig.ask('POST Users', { body: sampleUser('outside') });
      const { body: group } = await rig.ask('POST Groups', { body: { displayName: 'partners' } });
      // A body holds some twenty thousand.
      const body = patchOf({ op: 'add', path: 'members', value: ids.map((value) => ({ value })) });
      expect((await rig.ask(`PATCH Groups/${group.id}`, { body })).status).toBe(204);
      await carryAll();
      await abreast(SIGNED_IN, async (at) => {
        expect((await rig.identify(`oid-m-${at}`)).status).toBe(200);
      });
      const told = updates();

      expect((await rig.ask(`DELETE Groups/${group.id}`)).status).toBe(204);
      const under = new Map<string, number>();
      const ask = async (at: number): Promise<void> => {
        const link = await rig.link(`oid-m-${at}`);
        const hasGroup = JSON.stringify(link?.reports).includes('partners');
        const { status } = await rig.identify(`oid-m-${at}`);
        const what = `${hasGroup ? 'has' : 'has not'} ${status}`;
        under.set(what, (under.get(what) ?? 0) + 1);
      };
      await abreast(SIGNED_IN, ask);
      expect([...under]).toEqual([['has 503', SIGNED_IN]]);
      expect((await rig.identify('oid-outside')).status).toBe(200);
      expect(updates()).toBe(told);
      await carryAll(async () => {
        const lanes = new Set(
          (await Promise.all(ids.slice(0, 5).map((_, at) => rig.link(`oid-m-${at}`)))).map((one) => one?.dueShard),
        );
        expect(lanes.has('urgent')).toBe(false);
        await abreast(SIGNED_IN, ask);
      });
      expect([...under.keys()].filter((what) => what !== 'has 503' && what !== 'has not 200')).toEqual([]);
      const changes = new ChangeRig(real, { sources: rig.settings.sources });
      if (MEMBERS < 1_000) await changes.settle();
      expect(updates() - told).toBe(SIGNED_IN);
      const contacts = real.emulator.store.liveContacts.filter(({ sourceId }) => /^oid-m-\d$/.test(sourceId ?? ''));
      expect(new Set(contacts.map(({ queryMetadata }) => canonicalJson(queryMetadata))).size).toBe(1);
    },
  );

  it('takes one person out before its answer, in the lane of those who lose something', async () => {
    const { body: user } = await rig.ask('POST Users', { body: sampleUser('one') });
    const members = [{ value: user.id as string }];
    const { body: group } = await rig.ask('POST Groups', { body: { displayName: 'partner', members } });
    const { body: partners } = await rig.ask('POST Groups', { body: { displayName: 'partners', members } });
    expect((await rig.identify('oid-one')).status).toBe(200);
    const before = updates();
    await rig.ask(`PATCH Groups/${partners.id}`, {
      body: patchOf({ op: 'remove', path: `members[value eq "${user.id}"]` }),
    });
    expect((await rig.link('oid-one'))?.dueShard).toBe('urgent');
    expect((await rig.identify('oid-one')).status).toBe(200);
    expect(updates() - before).toBe(1);
    expect(group.id).not.toBe(partners.id);
  });
});
