import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { DynamoDueReads } from '../../functions/io/stores/due-reads.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { inboxId } from '../rigs/real-parts.ts';
import { client, grant, secret, startReadStore, storeSecrets } from '../rigs/read-store-rig.ts';
import { KeycloakServer } from '../stores/keycloak.ts';
import { KeycloakRealm } from '../stores/keycloak-realm.ts';
import { ReadUser } from './read-user.ts';

let guests: KeycloakRealm;
let server: KeycloakServer;
const at = new ReadUser(async () => {
  guests = new KeycloakRealm('guests', () => at.real.clock.now());
  server = await new KeycloakServer(guests, client).start();
  const read = { issuer: server.issuer, clientId: client.id };
  const fields = { name: false, email: false, avatar: false, phoneNumber: false };
  const weaker = sourceSchema.parse({ kind: 'keycloak', name: 'guests', proof: { mode: 'hmac' }, read, fields });
  const office = { when: { attribute: 'office', equals: 'vault' }, grant: grant('3') } as const;
  const store = await startReadStore(
    { roles: 'realmRoles', groups: 'groups', attributes: { office: 'attributes.office' } },
    { others: [weaker], rules: [office] },
  );
  store.rig.otherSecrets = { ...storeSecrets, guests: [secret], 'guests.read': [client.secret] };
  return store;
});
const { base, signIn, sweep, tell } = at;
afterAll(() => server.close());
beforeEach(async () => {
  await tell(at.realm.create(at.userId, { enabled: true, attributes: { office: ['vault'] } }));
  await sweep();
  expect((await signIn()).status).toBe(200);
});

const isWithheld = { status: 503, body: { code: 'permissions_unread' } };
let events = 0;
const ownUpdate = () => ({
  id: `own-${(events += 1)}`,
  time: at.real.clock.now() + 10,
  type: 'access.UPDATE_PROFILE',
  authDetails: { userId: at.userId },
});

describe('a user who is read', () => {
  it('keeps the id back though the user is disabled and enabled before the reading, or is told of while disabled', async () => {
    await tell(at.realm.give(at.userId, 'staff'));
    await sweep();
    await tell(at.realm.take(at.userId, 'staff'));
    await tell(at.realm.update(at.userId, { enabled: false }));
    await tell(at.realm.update(at.userId, { enabled: true }));
    expect(await signIn()).toMatchObject(isWithheld);
    await sweep();
    expect((await signIn()).status).toBe(200);
    await tell(at.realm.update(at.userId, { enabled: false }));
    await tell(at.realm.give(at.userId, 'staff'));
    await tell(at.realm.update(at.userId, { enabled: true }));
    expect(await signIn()).toMatchObject(isWithheld);
    await sweep();
    expect((await signIn()).status).toBe(200);
  });

  it('keeps the id back, and has no permission, after an update that does not say what changed', async () => {
    await tell(at.realm.give(at.userId, 'staff'));
    await sweep();
    expect((await signIn()).status).toBe(200);
    const { representation: _, ...event } = at.realm.update(at.userId, { enabled: false }) as {
      representation: string;
    };
    await tell(event);
    const away = async (ms: number) => {
      at.real.clock.advance(ms);
      at.keycloak.failNext({ kind: 'status', status: 500 });
      await sweep();
      return (await signIn()).status;
    };
    expect(await away(0)).toBe(503);
    expect(await base()).toBe('0');
    // Another event of the store tells a part, and is no reading.
    await tell(at.realm.update(at.userId, { enabled: true }));
    expect(await away(0)).toBe(503);
    expect(await away(3_601_000)).toBe(200);
    expect(await base()).toBe('0');
    at.keycloak.recover();
    at.real.clock.advance(301_000);
    await sweep();
    expect(await base()).toBe('2');
  });

  it('keeps the id back where the event comes between the create at MaiAgent and its binding', async () => {
    at.userId = `${at.userId}-new`;
    at.realm.create(at.userId, { enabled: true });
    at.realm.give(at.userId, 'staff');
    const live = httpSender();
    const maiAgent = { origin: at.real.emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
    const key = cachedSecret(() => Promise.resolve('sampleKey'), Date.now);
    const send: HttpSend = async (request) => {
      const reply = await live(request);
      if (request.method === 'POST') await tell(at.realm.take(at.userId, 'staff'));
      return reply;
    };
    const contacts = new HttpContactApi(maiAgent, key, send, at.real.clock);
    const asked = await signIn(at.real.job({ contacts }));
    expect(asked).toMatchObject(isWithheld);
  });
});

describe('a user of one of two stores that are read', () => {
  it('stays as they are where the other one has never spoken of them and does not have them', async () => {
    const { rig } = at;
    expect(await rig.hear({ refresh: at.userId })).toEqual({ staff: 'read', guests: 'missing' });
    expect(await rig.link(at.userId)).toMatchObject({ accountStatus: 'active' });
    // It has only hinted, of an update whose content it left out.
    await tell({ ...ownUpdate(), type: 'admin.USER-UPDATE', resourcePath: `users/${at.userId}` }, 'guests');
    expect(await signIn()).toMatchObject(isWithheld);
    expect(await rig.hear({ refresh: at.userId })).toEqual({ staff: 'read', guests: 'missing' });
    expect((await signIn()).status).toBe(200);
    expect(await base()).toBe('3');
  });

  it('keeps the id back until the one is read that hinted, whatever the other says', async () => {
    const { realm, rig, real } = at;
    guests.create(at.userId, { enabled: true });
    await tell(realm.take(at.userId, 'staff'));
    await tell(ownUpdate(), 'guests');
    const reads = new DynamoDueReads(real.table.client, 'Links', real.clock);
    async function* due(nowMs: number) {
      for await (const pk of reads.due(nowMs)) if (pk.startsWith('read#guests#')) yield pk;
    }
    await rig.hear({ reads: true }, { due });
    expect(await signIn()).toMatchObject(isWithheld);
    await sweep();
    expect((await signIn()).status).toBe(200);
  });

  it('keeps the id back after an update of their own where a rule looks at an attribute of that store, and only there', async () => {
    const { realm } = at;
    await tell(ownUpdate(), 'guests');
    expect((await signIn()).status).toBe(200);
    realm.update(at.userId, { attributes: {} });
    await tell(ownUpdate());
    expect(await signIn()).toMatchObject(isWithheld);
    await sweep();
    expect((await signIn()).status).toBe(200);
    expect(await base()).toBe('0');
  });
});
