import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScimTable } from '../../functions/io/scim/scim-table.ts';
import type { Bucket } from '../../functions/rules/scim/turns.ts';
import { permitted } from '../rigs/permitted.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, ScimRig } from '../rigs/scim-rig.ts';

/** More than a request carries itself, so that everybody stays pending; nobody of them is known yet. */
const ids = Array.from({ length: 101 }, (_, at) => `member-${at}`);
const [first = ''] = ids;

let real: RealDeps;
let rig: ScimRig;
let table: ScimTable;
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
  rig = new ScimRig(real);
  table = new ScimTable(permitted('scim', real.table.client), 'Links', real.clock, 'entra');
});
afterAll(() => real.close());

async function joined(displayName: string): Promise<string> {
  const members = ids.map((value) => ({ value }));
  return (await rig.ask('POST Groups', { body: { displayName, members } })).body.id as string;
}
const bucketOf = async (group: string): Promise<Bucket> => {
  const found = (await table.buckets(group)).find(({ pending }) => pending?.has(first));
  if (!found) throw new Error('nobody is pending');
  return found;
};
const carry = (bucket: Bucket) => table.commit([table.carried(bucket, first)], 'sample');

describe('a carry that read what is over', () => {
  it('changes nothing after the member has left', async () => {
    const group = await joined('left');
    const before = await bucketOf(group);
    await rig.ask(`PATCH Groups/${group}`, { body: patchOf({ op: 'remove', path: 'members' }) });
    expect(await carry(before)).toBe('over');
    expect(await carry(await bucketOf(group))).toBe('done');
  });

  it('changes nothing after the group has another name', async () => {
    const group = await joined('renamed');
    const before = await bucketOf(group);
    await rig.ask(`PATCH Groups/${group}`, { body: patchOf({ op: 'replace', path: 'displayName', value: 'other' }) });
    expect(await carry(before)).toBe('over');
    await rig.ask(`DELETE Groups/${group}`);
    expect(await carry(before)).toBe('over');
  });

  it('changes nothing after somebody else has carried it', async () => {
    const before = await bucketOf(await joined('twice'));
    expect([await carry(before), await carry(before)]).toEqual(['done', 'over']);
  });

  it('ends no group that has changed since', async () => {
    const group = await joined('ends');
    const known = await table.read('Group', group);
    await rig.ask(`PATCH Groups/${group}`, {
      body: patchOf({ op: 'add', path: 'members', value: [{ value: 'late' }] }),
    });
    expect(await table.commit([table.check('Group', known, group), table.carriedAll(group)], 'sample')).toBe(
      'conflict',
    );
  });
});
