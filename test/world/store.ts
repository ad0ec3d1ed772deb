import { createHmac } from 'node:crypto';
import type { HttpRequest } from '../../functions/io/https.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { issuerAt, KeycloakServer } from '../stores/keycloak.ts';
import { KeycloakRealm } from '../stores/keycloak-realm.ts';
import type { VirtualTime } from './virtual-time.ts';

const realmName = 'corp';
const client = { id: 'bridge', secret: 'a sample client secret' };
const secret = createHmac('sha256', 'world').digest('hex');
export const storeSecrets = { staff: [secret], 'staff.read': [client.secret] };

/** A Keycloak that is read: the weakest source, of which the other stories hear nothing. A story may last longer than Keycloak repeats. */
export const storeSource = sourceSchema.parse({
  kind: 'keycloak',
  name: 'staff',
  proof: { mode: 'hmac', replayMinutes: 11_520 },
  read: { issuer: issuerAt('https://sso.corp.example', realmName), clientId: client.id },
  fields: { roles: 'realmRoles', groups: 'groups' },
});

/** That store on this ground. */
export class StoreHere {
  readonly realm: KeycloakRealm;
  readonly #server: KeycloakServer;
  /** The step at which each user was last asked for. */
  readonly askedAt = new Map<string, number>();
  /** So many of the next requests find it broken. */
  failures = 0;
  #lastMs = 0;

  constructor(time: VirtualTime) {
    // Two things that happen at once have an order all the same.
    this.realm = new KeycloakRealm(realmName, () => (this.#lastMs = Math.max(this.#lastMs + 1, time.now())));
    this.realm.groupRoles.set('/partners', ['partner']);
    this.#server = new KeycloakServer(this.realm, client);
  }

  send(request: HttpRequest): Transport {
    this.failures -= 1;
    const { status, body } = this.failures >= 0 ? { status: 500, body: {} } : this.#server.replyTo(request);
    return { kind: 'reply', status, headers: {}, body: JSON.stringify(body) };
  }

  /** A delivery of its webhook. */
  static signed(text: string): { parameters: Record<string, string>; headers: Record<string, string> } {
    const signature = createHmac('sha256', secret).update(text).digest('hex');
    return { parameters: { source: 'staff' }, headers: { 'x-keycloak-signature': signature } };
  }
}
