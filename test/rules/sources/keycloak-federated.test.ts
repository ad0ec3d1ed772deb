import { describe, expect, it } from 'vitest';
import { sourceSchema } from '../../../functions/rules/sources/source.ts';
import { exampleWith, hearSigned } from './source-rig.ts';

/** It tells neither roles nor groups, so that events hint at them. */
const source = sourceSchema.parse({ kind: 'keycloak', name: 'keycloak', proof: { mode: 'hmac' } });

const hearWith = (members: object, name: string) => hearSigned('hmac', exampleWith('keycloak', name, members), source);

describe('Keycloak', () => {
  it.each(['groups/x', 'role-mappings/realm', 'consents', 'logout/x'])(
    'disables and deletes a federated user whose name ends in /%s',
    async (end) => {
      const id = `f:ldap:eve/${end}`;
      const representation = '{"enabled":false}';
      expect(await hearWith({ resourcePath: `users/${id}`, representation }, 'user-update-part')).toMatchObject({
        userId: id,
        change: { status: 'disabled' },
      });
      expect(await hearWith({ resourcePath: `users/${id}` }, 'user-delete')).toMatchObject({
        userId: id,
        change: { kind: 'delete' },
      });
      const groups = { resourcePath: `users/${id}/groups/a-group` };
      expect(await hearWith(groups, 'group-membership')).toMatchObject({ userId: id, change: { kind: 'hint' } });
      const roles = { resourcePath: `users/${id}/role-mappings/clients/a-client` };
      expect(await hearWith(roles, 'role-mapping')).toMatchObject({ userId: id, change: { kind: 'hint' } });
    },
  );

  it.each(['logout', 'reset-password', 'consents/x', 'credentials/x', 'federated-identity/corp-oidc'])(
    'quarantines what may be about a federated user whose name ends in /%s, or about something of such a user',
    async (end) => {
      const resourcePath = `users/f:ldap:cn=sample/unit/${end}`;
      for (const name of ['user-delete', 'user-update-disabled'])
        expect(await hearWith({ resourcePath }, name)).toMatchObject({
          kind: 'unreadable',
          flaws: [{ path: 'resourcePath' }],
        });
    },
  );
});
