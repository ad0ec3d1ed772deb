import { beforeEach, describe, expect, it } from 'vitest';
import { startReadStore } from '../rigs/read-store-rig.ts';
import { ReadUser } from './read-user.ts';

const PAUSE_MS = 900_001;
const at = new ReadUser(() => startReadStore({ roles: 'realmRoles', groups: 'groups' }));
const { base, due, staffMember, sweep, tell } = at;

/** Somebody of the staff of whom the store said that something changed, and the stage does not read the store any more. */
describe('a user who was to be read from a store that is read no more', () => {
  let reading: typeof at.rig.settings;
  beforeEach(async () => {
    const { rig, realm } = at;
    await staffMember();
    expect(await base()).toBe('2');
    const { representation: _, ...event } = realm.update(at.userId, {}) as { readonly representation: string };
    await tell(event);
    reading = rig.settings;
    rig.settings = { ...reading, sources: reading.sources.map((one) => ({ ...one, read: undefined })) as never };
  });

  it('keeps no right that may be gone, and is read where the stage reads the store again', async () => {
    await tell(at.realm.update(at.userId, { firstName: 'New' }));
    expect(await base()).toBe('0');
    await sweep();
    expect(await due()).toMatchObject({ dueShard: expect.any(String), lastError: 'not_read' });
    at.rig.settings = reading;
    at.real.clock.advance(PAUSE_MS);
    await sweep();
    expect(await base()).toBe('2');
    expect(await due()).not.toHaveProperty('dueShard');
  });

  it('is left to a later deployment that has evaluated the link, where a function of this one still runs', async () => {
    const later = { ...reading, deployment: reading.deployment + 1 };
    const { settings } = at.rig;
    at.rig.settings = later;
    await tell(at.realm.update(at.userId, { firstName: 'New' }));
    at.rig.settings = settings;
    await sweep();
    expect(await due()).toHaveProperty('dueShard');
    at.rig.settings = later;
    at.real.clock.advance(PAUSE_MS);
    await sweep();
    expect([await due(), await base()]).toEqual([expect.not.objectContaining({ dueShard: expect.anything() }), '2']);
    at.rig.settings = { ...reading, deployment: later.deployment };
  });

  it.each([true, false])(
    'waits no longer once the source has told all that a rule looks at, enabled: %s',
    async (enabled) => {
      const { realm, rig, real } = at;
      const ofToken = {
        name: ['firstName'],
        email: false,
        phoneNumber: false,
        avatar: false,
        roles: false,
        groups: false,
      };
      rig.settings = {
        ...rig.settings,
        sources: rig.settings.sources.map((one) => ({ ...one, fields: { ...one.fields, ...ofToken } })) as never,
      };
      await sweep();
      expect(await due()).toHaveProperty('dueShard');
      await tell(realm.update(at.userId, { enabled }));
      real.clock.advance(PAUSE_MS);
      await sweep();
      expect(await due()).not.toHaveProperty('dueShard');
      rig.settings = reading;
    },
  );
});
