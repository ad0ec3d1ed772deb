import { createHmac } from 'node:crypto';

/** One thing that happens to the sample user. */
export interface Moment {
  readonly what: 'created' | 'renamed' | 'left a group' | 'disabled' | 'enabled' | 'deleted';
  readonly name: string;
  readonly isEnabled: boolean;
  readonly number: number;
  readonly atMs: number;
}

/** How a store tells it, and how it signs what it tells. */
interface Shape {
  readonly userId: string;
  /** `users` are those that a source of WorkOS hears of. */
  readonly body: (moment: Moment, users?: string) => object;
  readonly headers: (secret: string, text: string, moment: Moment) => Record<string, string>;
}

const iso = (atMs: number): string => new Date(atMs).toISOString();
const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text);
const did = ({ what }: Moment): string => (what === 'created' || what === 'deleted' ? what : 'updated');

/** Standard Webhooks, which Svix sends for Clerk. */
function standard(prefix: string) {
  return (secret: string, text: string, { number, atMs }: Moment) => {
    const [id, time] = [`msg_${number}`, String(Math.floor(atMs / 1000))];
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const signature = `v1,${mac(key, `${id}.${time}.${text}`).digest('base64')}`;
    return { [`${prefix}-id`]: id, [`${prefix}-timestamp`]: time, [`${prefix}-signature`]: signature };
  };
}

const id = '00000000-0000-4000-8000-000000000001';
const roles = ['staff'];

/** By the kind of the source; what the vendors document about them stands beside the adapters in `functions/rules/sources`. */
export const shapes: Readonly<Record<string, Shape>> = {
  generic: {
    userId: 'sample-user',
    body(moment) {
      const { what, name, atMs } = moment;
      const isStanding = what === 'disabled' || what === 'enabled';
      const data = { userId: 'sample-user', version: iso(atMs), ...(!isStanding && { name, roles }) };
      return { type: `user.${isStanding ? what : did(moment)}`, timestamp: iso(atMs), data };
    },
    headers: standard('webhook'),
  },
  keycloak: {
    userId: id,
    body({ what, name, isEnabled, number, atMs }) {
      const event = { uid: `uid-${number}`, id: `event-${number}`, time: atMs, realmId: 'corp', realmName: 'corp' };
      const on = (resource: string, operation: string, resourcePath: string, representation?: object) => ({
        ...event,
        type: `admin.${resource}-${operation}`,
        resourcePath,
        ...(representation && { representation: JSON.stringify(representation) }),
      });
      if (what === 'left a group') return on('GROUP_MEMBERSHIP', 'DELETE', `users/${id}/groups/1`, { name: 'staff' });
      if (what === 'deleted') return on('USER', 'DELETE', `users/${id}`);
      const part = what === 'renamed' ? { firstName: name } : { enabled: isEnabled };
      const whole = { firstName: name, enabled: isEnabled, attributes: { roles } };
      return on('USER', what === 'created' ? 'CREATE' : 'UPDATE', `users/${id}`, what === 'created' ? whole : part);
    },
    headers: (secret, text) => ({ 'x-keycloak-signature': mac(secret, text).digest('hex') }),
  },
  auth0: {
    userId: `auth0|${id}`,
    body(moment) {
      const { what, name, isEnabled, number, atMs } = moment;
      const event = { id: `evt_${number}`, time: iso(atMs) };
      const user_id = `auth0|${id}`;
      if (what === 'left a group')
        return { ...event, type: 'organization.member.deleted', data: { object: { user: { user_id } } } };
      const whole = { user_id, name, blocked: !isEnabled, updated_at: iso(atMs), app_metadata: { roles } };
      const part = { user_id, name, updated_at: iso(atMs) };
      return { ...event, type: `user.${did(moment)}`, data: { object: what === 'renamed' ? part : whole } };
    },
    headers: (secret) => ({ authorization: `Bearer ${secret}` }),
  },
  clerk: {
    userId: 'user_sample',
    body(moment) {
      const { what, name, isEnabled, atMs } = moment;
      if (what === 'left a group')
        return {
          type: 'organizationMembership.deleted',
          timestamp: atMs,
          data: { public_user_data: { user_id: 'user_sample' } },
        };
      const whole = { first_name: name, banned: !isEnabled, public_metadata: { roles }, updated_at: atMs };
      const data = { id: 'user_sample', ...(what === 'deleted' ? { deleted: true } : whole) };
      return { type: `user.${did(moment)}`, timestamp: atMs, data };
    },
    headers: standard('svix'),
  },
  workos: {
    userId: 'user_sample',
    body(moment, users) {
      const { what, name, isEnabled, number, atMs } = moment;
      const event = (type: string, data: object) => ({
        id: `event_${number}`,
        event: type,
        created_at: iso(atMs),
        data,
      });
      const user = { id: 'user_sample', first_name: name, updated_at: iso(atMs) };
      if (users === 'workos') {
        if (what === 'left a group') return event('organization_membership.deleted', { user_id: user.id });
        return event(`user.${did(moment)}`, user);
      }
      if (what === 'left a group') return event('dsync.group.user_removed', { user, group: { name: 'staff' } });
      const state = isEnabled ? 'active' : 'inactive';
      return event(`dsync.user.${did(moment)}`, { ...user, state, roles: roles.map((slug) => ({ slug })) });
    },
    headers: (secret, text, { atMs }) => ({
      'workos-signature': `t=${atMs}, v1=${mac(secret, `${atMs}.${text}`).digest('hex')}`,
    }),
  },
};
