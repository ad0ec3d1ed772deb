import { describe, expect, it } from 'vitest';
import { Rig } from '../rigs/identify-rig.ts';

const rig = new Rig();

/** Somebody else could send under a lease of their own: nobody may, before the request that was not answered is dead. */
const underway = { leaseOwner: expect.any(String), openRequests: 1 };

/** When the second token was issued, in seconds since 1970: after the first. */
const LATER = 1_760_000_001;

describe('a lease', () => {
  it('stays when a create was not answered', async () => {
    rig.real.emulator.faults.add({ on: 'create', kind: 'reset-before' });
    expect(await rig.signIn()).toMatchObject({ status: 202, body: { outcome: 'pending' } });
    const row = await rig.row();
    expect(row).toMatchObject(underway);
    expect(row?.dueAt).toBe(row?.leaseUntil);
  });

  it('stays when an update was answered only as it was repeated: the first may still arrive', async () => {
    await rig.signIn();
    expect(await rig.row()).not.toHaveProperty('leaseOwner');
    rig.real.emulator.faults.add({ on: 'patch', kind: 'reset-before' });
    expect((await rig.signIn({ name: 'Another Name', iat: LATER })).body.outcome).toBe('updated');
    const row = await rig.row();
    expect(row).toMatchObject(underway);
    expect(row?.confirmedHash).toBe(row?.desiredHash);
  });

  it('stays when no update was answered', async () => {
    await rig.signIn();
    rig.real.emulator.faults.add({ on: 'patch', kind: 'reset-before', times: 2 });
    await rig.signIn({ name: 'Another Name', iat: LATER });
    expect(await rig.row()).toMatchObject(underway);
  });

  it('ends when MaiAgent has refused', async () => {
    rig.real.emulator.faults.add({ on: 'create', kind: '429' });
    expect((await rig.signIn()).status).toBe(503);
    expect(await rig.row()).not.toHaveProperty('leaseOwner');
  });
});
