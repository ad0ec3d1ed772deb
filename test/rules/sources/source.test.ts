import { describe, expect, it } from 'vitest';
import { sourceSchema } from '../../../functions/rules/sources/source.ts';
import { hear, sign } from './source-rig.ts';

const hmac = { mode: 'hmac' };
const bearer = { mode: 'bearer', issuer: 'https://keycloak.example.com/realms/a', audience: 'bridge' };
const streamArn = 'arn:aws:dynamodb:ap-northeast-1:123456789012:table/sample-users/stream/2026-01-05T08:00:00.000';
const isFine = (declaration: object): boolean => sourceSchema.safeParse({ name: 'hr', ...declaration }).success;

describe('sourceSchema', () => {
  it.each<[object]>([
    [{ kind: 'generic' }],
    [{ kind: 'generic', versions: 'sequence', fields: { attributes: { city: 'address.city' } } }],
    [{ kind: 'clerk', userId: 'external_id' }],
    [{ kind: 'auth0', fields: { roles: 'app_metadata.https://corp.example/roles' } }],
    [{ kind: 'workos', users: 'workos' }],
    [{ kind: 'keycloak', proof: hmac }],
    [{ kind: 'keycloak', proof: bearer, realm: 'a' }],
    [{ kind: 'table', streamArn }],
    [{ kind: 'keycloak', proof: { ...bearer, issuer: 'http://localhost:8080/realms/a' } }],
  ])('takes %j', (declaration) => {
    expect(isFine(declaration)).toBe(true);
  });

  it.each<[object]>([
    [{ kind: 'okta' }],
    [{ kind: 'generic', name: 'api' }],
    [{ kind: 'generic', name: 'token' }],
    [{ kind: 'generic', name: 'HR' }],
    [{ kind: 'generic', name: 'a'.repeat(33) }],
    [{ kind: 'generic', secret: 'whsec_' }],
    [{ kind: 'generic', fields: { nickname: 'x' } }],
    [{ kind: 'keycloak' }],
    [{ kind: 'keycloak', proof: { mode: 'none' } }],
    [{ kind: 'keycloak', proof: { ...hmac, replayMinutes: 11_521 } }],
    [{ kind: 'keycloak', proof: { ...bearer, algorithm: 'HS256' } }],
    [{ kind: 'keycloak', proof: { ...bearer, issuer: 'http://keycloak.example.com/realms/a' } }],
    [{ kind: 'keycloak', proof: { ...bearer, issuer: 'https:keycloak.example.com/realms/a' } }],
    [{ kind: 'keycloak', proof: { ...bearer, issuer: 'http://localhost.example.com/realms/a' } }],
    [{ kind: 'keycloak', proof: { mode: 'bearer', issuer: bearer.issuer } }],
    [{ kind: 'table', streamArn: 'arn:aws:dynamodb:ap-northeast-1:123456789012:table/sample-users' }],
  ])('refuses %j', (declaration) => {
    expect(isFine(declaration)).toBe(false);
  });

  it('fills in where each kind keeps its fields', () => {
    expect(sourceSchema.parse({ kind: 'workos', name: 'hr' })).toMatchObject({
      users: 'directory',
      userId: 'id',
      fields: { name: ['first_name', 'last_name'], email: 'primary_email', roles: 'role_slugs' },
    });
  });
});

describe('readDelivery', () => {
  it('repeats nothing of a body that it quarantines', async () => {
    const body = Buffer.from('{"type":"user.updated","sample-member":1,"data":{"userId":"sample-member\\u0000"}}');
    expect(JSON.stringify(await hear('generic', body, await sign('generic', body)))).not.toContain('sample-member');
  });
});
