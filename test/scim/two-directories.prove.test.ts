import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { turnsOf } from '../../functions/rules/scim/turns.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, sampleUser, ScimRig, scimSource } from '../rigs/scim-rig.ts';
import { groupsOf } from './told.ts';

/** More than a request carries itself. */
const MANY = 101;
const okta = sourceSchema.parse({ kind: 'scim', name: 'okta' });
const nobody = Array.from({ length: 250 }, (_, at) => ({ value: `nobody-${at}` }));

let real: RealDeps;
let rig: ScimRig;
/** The time that carrying took: each transaction 100 ms. */
let worked = 0;
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
  const clock = { ...real.clock, now: () => real.clock.now(), elapsed: () => worked };
  rig = new ScimRig({ ...real, clock }, { sources: [scimSource, okta] });
  real.table.client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'TransactWriteItemsCommand') worked += 100;
        return next(args);
      },
    { step: 'initialize', name: 'work' },
  );
});
afterAll(() => real.close());

const minute = async (): Promise<void> => {
  real.clock.advance(60_000);
  await rig.carry();
};
const group = async (source: string, displayName: string, members: object[]): Promise<string> =>
  (await rig.ask('POST Groups', { source, body: { displayName, members } })).body.id as string;
const rename = async (id: string, value: string) =>
  (await rig.ask(`PATCH Groups/${id}`, { body: patchOf({ op: 'replace', path: 'displayName', value }) })).status;

/** A group of the directory okta with everybody carried, and the id by which its first member signs in. */
async function partners(key: string): Promise<readonly [id: string, first: string]> {
  const ids: { value: string }[] = [];
  for (let at = 0; at < MANY; at += 1) {
    const { body } = await rig.ask('POST Users', { source: 'okta', body: sampleUser(`${key}-${at}`) });
    ids.push({ value: body.id as string });
  }
  const id = await group('okta', key, ids);
  for (let minutes = 0; minutes < 3; minutes += 1) await minute();
  expect(groupsOf(await rig.link(`oid-${key}-0`), 'okta')).toEqual([key]);
  return [id, `oid-${key}-0`];
}

describe('of two directories', () => {
  it('one that fills its row of withdrawals is refused, and the other one withdraws all the same', async () => {
    const [id, first] = await partners('row');
    expect((await rig.identify(first)).status).toBe(200);
    const full = await group('entra', 'n0', nobody.slice(0, MANY));
    const names = Array.from({ length: 33 }, (_, at) => `${at}`.padEnd(256, '人'));
    const answers: number[] = [];
    for (const name of names) answers.push(await rename(full, name));
    expect(answers).toEqual([...names.slice(1).map(() => 204), 503]);
    expect((await rig.ask(`GET Groups/${full}`)).body.displayName).toBe(names[31]);
    expect((await rig.ask(`DELETE Groups/${id}`, { source: 'okta' })).status).toBe(204);
    expect((await rig.identify(first)).status).toBe(503);
    // Nothing of a directory is asked any more that the stage does not declare.
    const without = new ScimRig(real, { sources: [scimSource] });
    expect((await without.identify(first)).status).toBe(200);
    for (let minutes = 0; minutes < 3; minutes += 1) await minute();
    expect([(await rig.identify(first)).status, await rename(full, 'room again')]).toEqual([200, 204]);
    for (let minutes = 0; minutes < 3; minutes += 1) await minute();
  });

  it('one that renames a large group again and again does not keep the other one waiting', async () => {
    const [id, first] = await partners('line');
    const busy = await group('entra', 'busy', nobody);
    await minute();
    expect((await rig.ask(`DELETE Groups/${id}`, { source: 'okta' })).status).toBe(204);
    for (let minutes = 0; minutes < 4; minutes += 1) {
      expect(await rename(busy, `busy ${minutes}`)).toBe(204);
      await minute();
    }
    expect([groupsOf(await rig.link(first), 'okta'), (await rig.identify(first)).status]).toEqual([[], 200]);
    expect((await real.table.rows()).filter(({ dueShard }) => dueShard === 'scim')).toHaveLength(1);
  });
});

describe('the line', () => {
  it('has one group of each directory, then the next of each, who loses something first', () => {
    const due = (source: string, groupId: string, dueAt: number, more: object = {}) => ({
      source,
      groupId,
      dueAt,
      ...more,
    });
    const line = turnsOf([
      due('a', 'joins', 1),
      due('a', 'loses', 5, { losing: 'many' }),
      due('a', 'loses, had its turn', 2, { losing: 'few', turnAt: 9 }),
      due('b', 'joins', 6),
      due('b', 'joins, had its turn', 3, { turnAt: 7 }),
    ]);
    expect(line.map(({ source, groupId }) => `${source} ${groupId}`)).toEqual([
      'a loses',
      'b joins',
      'b joins, had its turn',
      'a loses, had its turn',
      'a joins',
    ]);
  });
});
