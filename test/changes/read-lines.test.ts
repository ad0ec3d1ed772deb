import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DynamoDBClient, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { DynamoDueReads, type DueReads } from '../../functions/io/stores/due-reads.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { call } from '../rigs/gateway-event.ts';
import { client, secret, startReadStore, storeSecrets, type ReadStore } from '../rigs/read-store-rig.ts';
import { KeycloakRealm } from '../stores/keycloak-realm.ts';
import { KeycloakServer } from '../stores/keycloak.ts';

const fields = { roles: 'realmRoles', groups: 'groups' };
/** People whom a store imports; each is to be read. */
const IMPORTED = 40;

let store: ReadStore;
let guests: KeycloakRealm;
let server: KeycloakServer;
beforeAll(async () => {
  guests = new KeycloakRealm('guests', () => store.real.clock.now());
  server = await new KeycloakServer(guests, client).start();
  const read = { issuer: server.issuer, clientId: client.id };
  const weaker = sourceSchema.parse({ kind: 'keycloak', name: 'guests', proof: { mode: 'hmac' }, read, fields });
  store = await startReadStore(fields, { others: [weaker] });
  store.rig.otherSecrets = { ...storeSecrets, guests: [secret], 'guests.read': [client.secret] };
});
afterAll(() => Promise.all([store.close(), server.close()]));

function tell(event: object, source?: string) {
  store.real.clock.advance(10);
  return store.tell(event, source);
}

it('whoever has a contact is read before an import, four at once, and no store waits for another', async () => {
  const { realm, rig, real } = store;
  const victim = 'victim-0000-4000-8000-000000000000';
  await tell(realm.create(victim, { enabled: true }));
  await store.sweep();
  const routeKey = 'POST /v1/identity';
  expect((await call(real.job(), { routeKey, claims: { sub: victim }, body: {} })).status).toBe(200);
  for (let at = 0; at < IMPORTED; at += 1) await tell(realm.create(`new-${at}`, { enabled: true }));
  await tell(guests.create('guest', { enabled: true }), 'guests');
  await tell(realm.give(victim, 'staff'));

  const reads = new DynamoDueReads(real.table.client, 'Links', real.clock);
  const begun: string[] = [];
  const open = new Set<string>();
  let most = 0;
  const acquire: DueReads['acquire'] = (pk, owner) => {
    begun.push(pk);
    if (pk.startsWith('read#staff#')) open.add(pk);
    most = Math.max(most, open.size);
    return reads.acquire(pk, owner);
  };
  const finish: DueReads['finish'] = async (read, owner) => {
    await reads.finish(read, owner);
    open.delete(read.pk);
  };
  await rig.hear({ reads: true }, { acquire, finish });
  expect(begun.filter((pk) => pk.startsWith('read#staff#'))[0]).toBe(`read#staff#${victim}`);
  expect(begun.indexOf('read#guests#guest')).toBeLessThan(2);
  expect([begun.length, most]).toEqual([IMPORTED + 2, 4]);
  const due: string[] = [];
  for await (const pk of reads.due(Number.MAX_SAFE_INTEGER)) due.push(pk);
  expect(due).toEqual([]);
});

it('whoever gets a contact while waiting goes on in the other line, and never back', async () => {
  const { realm, real } = store;
  const lineOf = async (pk: string) => (await real.table.rows()).find((row) => row.pk === pk)?.dueShard;
  await tell(realm.create('late', { enabled: true }));
  expect(await lineOf('read#staff#late')).toBe('reads-new');
  await new DynamoDueReads(real.table.client, 'Links', real.clock).ask('staff', 'late', 'reads');
  expect(await lineOf('read#staff#late')).toBe('reads');
  await tell(realm.give('late', 'staff'));
  expect(await lineOf('read#staff#late')).toBe('reads');
});

it('a store whose readings stand still hides nobody of another one, however many they are', async () => {
  const { real, realm } = store;
  await tell(realm.create('one-of-many', { enabled: true }));
  await tell(guests.create('guest-2', { enabled: true }), 'guests');
  const rows = await real.table.rows();
  const shardOf = (key: string) => String(rows.find(({ pk }) => pk === key)?.dueShard);
  const standing = shardOf('read#staff#one-of-many');
  const other = shardOf('read#guests#guest-2');
  let queries = 0;
  const send = ({ input }: { input: QueryCommandInput }) => {
    queries += 1;
    const shard = input.ExpressionAttributeValues?.[':shard']?.S;
    const many = Array.from({ length: input.Limit ?? 0 }, (_, at) => ({ pk: { S: `read#staff#${queries}-${at}` } }));
    if (shard === standing) return Promise.resolve({ Items: many, LastEvaluatedKey: { pk: { S: `${queries}` } } });
    return Promise.resolve({ Items: shard === other ? [{ pk: { S: 'read#guests#guest-2' } }] : [] });
  };
  const reads = new DynamoDueReads({ send } as unknown as DynamoDBClient, 'Links', real.clock);
  const due = await Array.fromAsync(reads.due(real.clock.now()));
  expect(due).toContain('read#guests#guest-2');
  expect(queries).toBeLessThan(50);
});
