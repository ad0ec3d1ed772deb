import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startReadStore, type ReadStore } from '../rigs/read-store-rig.ts';

const PAUSE_MS = 900_001;
let store: ReadStore;
let people = 0;
let userId = '';
beforeAll(async () => {
  store = await startReadStore({ roles: 'realmRoles', groups: 'groups' });
});
afterAll(() => store.close());

function tell(event: object) {
  store.real.clock.advance(10);
  return store.tell(event);
}
/** The one knowledge base that the contact may query at MaiAgent, by its last digit. */
async function base(): Promise<string | undefined> {
  await store.rig.settle();
  return /-0{11}(\d)"/.exec(JSON.stringify(store.rig.contactsOf(userId)[0]?.queryMetadata))?.[1];
}
const mark = async () =>
  (await store.real.table.rows()).find(({ pk }) => pk === `read#staff#${userId}`) as
    | { readonly dueShard?: string; readonly lastError?: string }
    | undefined;

/** Somebody of the staff of whom the store said that something changed, and the stage does not read the store any more. */
describe('a user who was to be read from a store that is read no more', () => {
  let reading: typeof store.rig.settings;
  beforeEach(async () => {
    const { rig, real, realm } = store;
    userId = `0000000${(people += 1)}-0000-4000-8000-000000000000`;
    real.clock.advance(1_000_000);
    await tell(realm.create(userId, { enabled: true }));
    await tell(realm.give(userId, 'staff'));
    await store.sweep();
    expect(await base()).toBe('2');
    const { representation: _, ...event } = realm.update(userId, {}) as { readonly representation: string };
    await tell(event);
    reading = rig.settings;
    rig.settings = { ...reading, sources: reading.sources.map((one) => ({ ...one, read: undefined })) as never };
  });

  it('keeps no right that may be gone, and is read where the stage reads the store again', async () => {
    await tell(store.realm.update(userId, { firstName: 'New' }));
    expect(await base()).toBe('0');
    await store.sweep();
    expect(await mark()).toMatchObject({ dueShard: expect.any(String), lastError: 'not_read' });
    store.rig.settings = reading;
    store.real.clock.advance(PAUSE_MS);
    await store.sweep();
    expect(await base()).toBe('2');
    expect(await mark()).not.toHaveProperty('dueShard');
  });

  it('is left to a later deployment that has evaluated the link, where a function of this one still runs', async () => {
    const later = { ...reading, deployment: reading.deployment + 1 };
    const { settings } = store.rig;
    store.rig.settings = later;
    await tell(store.realm.update(userId, { firstName: 'New' }));
    store.rig.settings = settings;
    await store.sweep();
    expect(await mark()).toHaveProperty('dueShard');
    store.rig.settings = later;
    store.real.clock.advance(PAUSE_MS);
    await store.sweep();
    expect([await mark(), await base()]).toEqual([expect.not.objectContaining({ dueShard: expect.anything() }), '2']);
    store.rig.settings = { ...reading, deployment: later.deployment };
  });

  it.each([true, false])(
    'waits no longer once the source has told all that a rule looks at, enabled: %s',
    async (enabled) => {
      const { realm, rig, real } = store;
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
      await store.sweep();
      expect(await mark()).toHaveProperty('dueShard');
      await tell(realm.update(userId, { enabled }));
      real.clock.advance(PAUSE_MS);
      await store.sweep();
      expect(await mark()).not.toHaveProperty('dueShard');
      rig.settings = reading;
    },
  );
});
