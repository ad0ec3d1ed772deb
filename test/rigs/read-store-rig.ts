import { createHmac } from 'node:crypto';
import type { PermissionRules } from '../../functions/rules/permission-rules.ts';
import { sourceSchema, type SourceDeclaration } from '../../functions/rules/sources/source.ts';
import { KeycloakServer } from '../stores/keycloak.ts';
import { KeycloakRealm } from '../stores/keycloak-realm.ts';
import { ChangeRig } from './change-rig.ts';
import { startDeps, type RealDeps } from './real-parts.ts';
import { sampleSettings } from './sample-settings.ts';

export const grant = (digit: string): PermissionRules['none'] => ({
  knowledgeBases: [{ id: `c0a80101-0000-4000-8000-00000000000${digit}`, files: 'all', faqs: 'all' }],
});
/** A group that narrows stands above a role that opens more. */
export const permissions: PermissionRules = {
  none: grant('0'),
  rules: [
    { when: { any: [{ group: '/contractors' }, { group: 'contractors' }] }, grant: grant('1') },
    { when: { any: [{ role: 'staff' }, { group: 'staff' }] }, grant: grant('2') },
  ],
};
export const secret = createHmac('sha256', 'readers').digest('hex');
export const client = { id: 'bridge', secret: 'a sample client secret' };
/** The secrets of the source `staff`, which proves itself by a signature and is read by the client. */
export const storeSecrets = { staff: [secret], 'staff.read': [client.secret] };

/** A Keycloak realm whose users are read, with the jobs that read them, over real parts. */
export interface ReadStore {
  readonly real: RealDeps;
  readonly rig: ChangeRig;
  readonly realm: KeycloakRealm;
  readonly keycloak: KeycloakServer;
  /** Sends an event of the realm as Keycloak would. */
  tell(event: object, source?: string): ReturnType<ChangeRig['webhook']>;
  /** Reads the users that are due. */
  sweep(): Promise<unknown>;
  close(): Promise<unknown>;
}

export async function startReadStore(
  fields: object,
  {
    read = {},
    replayMinutes,
    others = [],
    rules = [],
  }: {
    readonly read?: object;
    readonly replayMinutes?: number;
    /** Sources that are weaker. */
    readonly others?: readonly SourceDeclaration[];
    /** Rules that are weaker. */
    readonly rules?: PermissionRules['rules'];
  } = {},
): Promise<ReadStore> {
  const realm: KeycloakRealm = new KeycloakRealm('corp', () => real.clock.now());
  const keycloak = await new KeycloakServer(realm, client).start();
  const proof = { mode: 'hmac', ...(replayMinutes !== undefined && { replayMinutes }) };
  const from = { issuer: keycloak.issuer, clientId: client.id, ...read };
  const source = sourceSchema.parse({ kind: 'keycloak', name: 'staff', proof, read: from, fields });
  const claims = { ...sampleSettings.claims, attributes: {} };
  const settings = {
    ...sampleSettings,
    permissions: { ...permissions, rules: [...permissions.rules, ...rules] },
    claims,
    sources: [source, ...others],
  };
  const real = await startDeps({ settings });
  const rig = new ChangeRig(real, settings);
  rig.otherSecrets = storeSecrets;
  return {
    real,
    rig,
    realm,
    keycloak,
    tell(event, name = 'staff') {
      const text = JSON.stringify(event);
      const signature = createHmac('sha256', secret).update(text).digest('hex');
      return rig.webhook(text, { parameters: { source: name }, headers: { 'x-keycloak-signature': signature } });
    },
    sweep: () => rig.hear({ reads: true }),
    close: () => Promise.all([real.close(), keycloak.close()]),
  };
}
