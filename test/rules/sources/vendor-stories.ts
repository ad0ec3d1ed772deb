import { sourceSchema, type WebhookSource } from '../../../functions/rules/sources/source.ts';
import { KeycloakRealm } from '../../stores/keycloak-realm.ts';

/** A user as the store has it at the end; `undefined` where it has none. */
export interface StoreUser {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
}

/** What happens to one user, one after the other: the user afterwards, and what changed. */
interface Step {
  readonly what: 'created' | 'updated' | 'deleted';
  readonly change: Partial<StoreUser>;
}

const fresh = { isEnabled: true, roles: [], groups: [] };
export const story: readonly Step[] = [
  { what: 'created', change: { ...fresh, name: 'First' } },
  { what: 'updated', change: { name: 'Renamed' } },
  { what: 'updated', change: { roles: ['staff'] } },
  { what: 'updated', change: { groups: ['contractors'] } },
  { what: 'updated', change: { groups: [] } },
  { what: 'updated', change: { isEnabled: false } },
  { what: 'updated', change: { isEnabled: true } },
  { what: 'updated', change: { roles: [] } },
  { what: 'deleted', change: {} },
  { what: 'created', change: { ...fresh, name: 'Again' } },
  { what: 'updated', change: { groups: ['contractors'] } },
  { what: 'updated', change: { roles: ['staff'] } },
  { what: 'updated', change: { groups: [] } },
];

/** A vendor's events of the first steps, in its documented shapes, and the user whom the store has then. */
export interface Told {
  readonly bodies: readonly object[];
  readonly user: StoreUser | undefined;
}

export const userId = '5f0c6a1e-0000-4000-8000-000000000001';
export const startMs = Date.parse('2026-11-20T08:00:00.000Z');

interface Vendor {
  readonly source: WebhookSource;
  /** The body of one event: the whole user, what changed of it, and when. */
  readonly body: (step: Step, user: StoreUser, atMs: number) => object;
}

const iso = (atMs: number): string => new Date(atMs).toISOString();
const declare = (declaration: object): WebhookSource => sourceSchema.parse(declaration) as WebhookSource;

export const vendors: Readonly<Record<string, Vendor>> = {
  generic: {
    source: declare({ kind: 'generic', name: 'store' }),
    body: ({ what, change }, { name, roles, groups }, atMs) => {
      const standing = change.isEnabled === false ? 'disabled' : 'enabled';
      const isStanding = what === 'updated' && change.isEnabled !== undefined;
      const fields = isStanding || what === 'deleted' ? {} : { name, roles, groups };
      const type = `user.${isStanding ? standing : what}`;
      return { type, timestamp: iso(atMs + 5), data: { userId, version: iso(atMs), ...fields } };
    },
  },
  auth0: {
    source: declare({ kind: 'auth0', name: 'store' }),
    // An update carries the members that changed; `app_metadata` is one of them (auth0.com/docs, "Syncing users").
    body: ({ what, change }, { name, roles, groups, isEnabled }, atMs) => {
      const at = what === 'deleted' ? { deleted_at: iso(atMs) } : { updated_at: iso(atMs) };
      const isOfRights = what === 'created' || change.roles !== undefined || change.groups !== undefined;
      const members = {
        ...(change.name !== undefined && { name }),
        ...(isOfRights && { app_metadata: { roles, groups } }),
        ...(change.isEnabled !== undefined && { blocked: !isEnabled }),
      };
      const object = { user_id: userId, ...at, ...members };
      return { id: `evt_${atMs}`, type: `user.${what}`, time: iso(atMs + 5), data: { object } };
    },
  },
  clerk: {
    source: declare({ kind: 'clerk', name: 'store' }),
    body: ({ what }, { name, roles, groups, isEnabled }, atMs) => {
      const whole = { first_name: name, banned: !isEnabled, public_metadata: { roles, groups }, updated_at: atMs };
      const data = { id: userId, ...(what === 'deleted' ? { deleted: true } : whole) };
      return { type: `user.${what}`, timestamp: atMs + 5, data };
    },
  },
  workos: {
    source: declare({ kind: 'workos', name: 'store' }),
    body: ({ what }, { name, roles, groups, isEnabled }, atMs) => {
      const rights = { roles: roles.map((slug) => ({ slug })), custom_attributes: { groups } };
      const data = { id: userId, name, state: isEnabled ? 'active' : 'inactive', ...rights, updated_at: iso(atMs) };
      return { id: `event_${atMs}`, event: `dsync.user.${what}`, created_at: iso(atMs + 5), data };
    },
  },
};

/** What a vendor tells of the first steps. */
export function toldBy({ body }: Vendor, steps: number): Told {
  let user: StoreUser = { name: '', ...fresh };
  const bodies = story.slice(0, steps).map((step, index) => {
    user = { ...user, ...step.change };
    return body(step, user, startMs + index * 1_000);
  });
  return { bodies, user: story[steps - 1]?.what === 'deleted' ? undefined : user };
}

export const keycloakSource = declare({
  kind: 'keycloak',
  name: 'store',
  proof: { mode: 'hmac' },
  fields: { roles: 'attributes.roles', groups: 'attributes.groups' },
});

/** The same of Keycloak, whose emulator tells it; roles and groups are attributes that only administrators may edit. */
export function toldByKeycloak(steps: number): Told {
  let atMs = startMs;
  const realm = new KeycloakRealm('corp', () => atMs);
  let user: StoreUser = { name: '', ...fresh };
  const bodies = story.slice(0, steps).map(({ what, change }, index) => {
    atMs = startMs + index * 1_000;
    user = { ...user, ...change };
    const isOfRights = what === 'created' || change.roles !== undefined || change.groups !== undefined;
    const fields = {
      ...(change.name !== undefined && { firstName: user.name }),
      ...(change.isEnabled !== undefined && { enabled: user.isEnabled }),
      ...(isOfRights && { attributes: { roles: user.roles, groups: user.groups } }),
    };
    if (what === 'deleted') return realm.remove(userId);
    return what === 'created' ? realm.create(userId, fields) : realm.update(userId, fields);
  });
  return { bodies, user: realm.users.has(userId) ? user : undefined };
}
