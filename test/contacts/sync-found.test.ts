import { afterEach, describe, expect, it } from 'vitest';
import { ChangeRig, sampleSources, event } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { until } from '../rigs/until.ts';

/** What the protocol model found before anybody else did. */
let real: RealDeps;
afterEach(() => real.close());

const staff = { name: 'Sample', email: 'sample@corp.example', roles: ['staff'] };

describe('a user who is deleted while the contact is created', () => {
  it('leaves no contact behind, also where MaiAgent lists a new one late', async () => {
    real = await startDeps({ settings: { sources: sampleSources }, switches: { searchDelayMs: 1_500 } });
    const rig = new ChangeRig(real);
    await rig.webhook(event('created', 'member', 1, staff));
    real.emulator.faults.add({ on: 'create', kind: 'latency', ms: 400 });
    const syncing = rig.sync({ sweep: true });
    await until(() => real.emulator.calls.some(({ operation }) => operation === 'create'), 'the create');
    await rig.webhook(event('deleted', 'member', 2));
    await syncing;
    await rig.sync({ sweep: true });
    await until(() => Date.now() - (real.emulator.store.contacts[0]?.createdAt ?? 0) > 1_500, 'the list has it');
    await rig.settle();
    expect((await rig.link('member'))?.accountStatus).toBe('deleted');
    expect(rig.contactsOf('member')).toEqual([]);
  });
});

describe('an edit at MaiAgent', () => {
  it('is mended, also of a contact whose last update was answered at the second try alone', async () => {
    real = await startDeps({ settings: { sources: sampleSources } });
    const rig = new ChangeRig(real, { auditDays: 1 });
    await rig.webhook(event('created', 'member', 1, staff));
    await rig.settle();
    await rig.webhook(event('updated', 'member', 2, { ...staff, name: 'Second' }));
    real.emulator.faults.add({ on: 'patch', kind: 'reset-after-commit' });
    await rig.sync({ sweep: true });
    const contact = real.emulator.store.contact((await rig.link('member'))?.contactId ?? '')!;
    real.emulator.store.change(contact, { name: 'Edited by hand' });
    for (let hour = 0; hour < 24; hour += 1) {
      real.clock.advance(3_600_000);
      await rig.sync({ audit: true });
    }
    await rig.settle();
    expect(contact.name).toBe('Second');
  });
});
