import { createHmac } from 'node:crypto';
import { ScanCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';
import { ChangeRig, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { client, secret, storeSecrets } from '../rigs/read-store-rig.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import { KeycloakRealm } from '../stores/keycloak-realm.ts';
import { KeycloakServer } from '../stores/keycloak.ts';

/** All jobs over one engine and one emulator, with a source of each way: a store that is read, a webhook, a table. */
export async function startJobs(deployment = 1) {
  const realm: KeycloakRealm = new KeycloakRealm('corp', () => real.clock.now());
  const keycloak = await new KeycloakServer(realm, client).start();
  const read = { issuer: keycloak.issuer, clientId: client.id, fullReadHours: 24 };
  const staff = sourceSchema.parse({ kind: 'keycloak', name: 'staff', proof: { mode: 'hmac' }, read });
  const settings = { ...sampleSettings, deployment, sources: [staff, ...sampleSources] };
  const broadcasts = await BroadcastRig.start(settings);
  const { real } = broadcasts;
  const changes = new ChangeRig(real, settings);
  changes.otherSecrets = storeSecrets;
  return {
    real,
    realm,
    broadcasts,
    changes,
    /** What Keycloak tells. */
    tell: (event: object) => {
      const text = JSON.stringify(event);
      const signature = createHmac('sha256', secret).update(text).digest('hex');
      return changes.webhook(text, { parameters: { source: 'staff' }, headers: { 'x-keycloak-signature': signature } });
    },
    signIn: (sub: string, body: object = {}) =>
      call(real.job({ settings }), {
        routeKey: 'POST /v1/identity',
        claims: { sub, name: 'Sample Person', roles: ['staff'] },
        body,
      }),
    visit: (body: object = {}) =>
      call(real.job({ settings }), { routeKey: 'POST /v1/visitors', body, address: '192.0.2.1' }),
    show: async (userId: string) => (await broadcasts.ask('GET /v1/users/{userId}', { parameters: { userId } })).body,
    close: () => Promise.all([real.close(), keycloak.close()]),
  };
}
export type Jobs = Awaited<ReturnType<typeof startJobs>>;

export type Item = Record<string, AttributeValue>;
export async function itemsOf({ real }: Jobs, TableName: string): Promise<Item[]> {
  const { Items = [] } = await real.table.client.send(new ScanCommand({ TableName, ConsistentRead: true }));
  const key = ({ pk, sk }: Item) => `${pk?.S} ${sk?.S}`;
  return Items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The first part of a key says of which kind the row is. */
export const kindsOf = (items: readonly Item[]): string[] =>
  [...new Set(items.map(({ pk, sk }) => [pk, sk].flatMap((one) => one?.S?.split('#')[0] ?? []).join('/')))].toSorted();

export const readUser = '00000001-0000-4000-8000-000000000000';
export const unreadUser = '00000002-0000-4000-8000-000000000000';
/** A version that is ahead of its time, so that the event waits in quarantine. */
export const aheadMs = 302_000;
