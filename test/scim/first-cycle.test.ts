import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, sampleUser, ScimRig } from '../rigs/scim-rig.ts';
import { sized } from '../scope.ts';
import { groupsOf } from './told.ts';

const USERS = sized({ test: 60, prove: 300, long: 2_000 });
const GROUPS = sized({ test: 4, prove: 20, long: 50 });
const CLIENTS = 20;

let real: RealDeps;
let rig: ScimRig;
beforeAll(async () => {
  real = await startDeps();
  rig = new ScimRig(real);
});
afterAll(() => real.close());

/** The calls to the table that one request makes. */
async function callsOf(ask: () => Promise<unknown>): Promise<number> {
  const before = real.table.calls.length;
  await ask();
  return real.table.calls.length - before;
}

describe('the first cycle of a directory', () => {
  it(`of ${USERS} users and ${GROUPS} groups, saturated, has no failure`, { timeout: 3_600_000 }, async () => {
    const failed: unknown[] = [];
    const ask = async (what: string, body?: object) => {
      const answer = await rig.ask(what, body && { body });
      if (answer.status >= 300) failed.push([what, answer.status, answer.body]);
      return answer.body as { id: string };
    };
    const groups: string[] = [];
    for (let at = 0; at < GROUPS; at += 1) groups.push((await ask('POST Groups', { displayName: `group-${at}` })).id);
    const ids: string[] = [];
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < USERS) {
        const at = next++;
        ids[at] = (await ask('POST Users', sampleUser(`user-${at}`))).id;
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    let group = 0;
    const filler = async (): Promise<void> => {
      while (group < GROUPS) {
        const at = group++;
        const members = ids.filter((_, user) => user % GROUPS === at).map((value) => ({ value }));
        await ask(`PATCH Groups/${groups[at]}`, patchOf({ op: 'Add', path: 'members', value: members }));
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, filler));
    expect(failed).toEqual([]);
    const told = await Promise.all(ids.map(async (_, at) => groupsOf(await rig.link(`oid-user-${at}`), 'entra')));
    expect(told).toEqual(ids.map((_, at) => [`group-${at % GROUPS}`]));
  });

  it('costs each request so many calls to the table', async () => {
    const { body } = await rig.ask('POST Users', { body: sampleUser('cost') });
    const { body: group } = await rig.ask('POST Groups', { body: { displayName: 'cost' } });
    const member = (op: string) => patchOf({ op, path: 'members', value: [{ value: body.id }] });
    const patch = (value: object) => ({ body: patchOf({ op: 'replace', value }) });
    const query = { filter: 'userName eq "cost@sample.test"' };
    const calls = {
      find: await callsOf(() => rig.ask('GET Users', { query })),
      create: await callsOf(() => rig.ask('POST Users', { body: sampleUser('cost-2') })),
      read: await callsOf(() => rig.ask(`GET Users/${body.id}`)),
      patch: await callsOf(() => rig.ask(`PATCH Users/${body.id}`, patch({ displayName: 'Other' }))),
      again: await callsOf(() => rig.ask(`PATCH Users/${body.id}`, patch({ displayName: 'Other' }))),
      join: await callsOf(() => rig.ask(`PATCH Groups/${group.id}`, { body: member('add') })),
      // Nothing is asked of whoever stays.
      replace: await callsOf(() => rig.ask(`PATCH Groups/${group.id}`, { body: member('replace') })),
      leave: await callsOf(() => rig.ask(`PATCH Groups/${group.id}`, { body: member('remove') })),
      delete: await callsOf(() => rig.ask(`DELETE Users/${body.id}`)),
      identify: await callsOf(async () => rig.identify('oid-cost-2')),
      returning: await callsOf(async () => rig.identify('oid-cost-2')),
    };
    expect(calls).toEqual({
      find: 2,
      create: 3,
      read: 1,
      patch: 3,
      again: 2,
      join: 6,
      replace: 4,
      leave: 6,
      // One of them asks which groups are due, and one whether they have the user.
      delete: 5,
      identify: calls.identify,
      returning: 1,
    });
  });
});
