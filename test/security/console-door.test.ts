import { describe, expect, it } from 'vitest';
import { withExactScopes } from '../../functions/rules/http/authorized.ts';
import { namedUser } from '../../functions/rules/http/named-user.ts';
import { allRoutes, grants, hasItsScope, mayCall } from '../../functions/rules/http/routes.ts';
import { questionAbout } from '../../local/commands/bridge-operations.ts';
import type { Deployment } from '../../local/commands/deployment.ts';
import { askManage, type Door } from '../../local/console/ask-manage.ts';

interface Event {
  readonly routeKey: string;
  readonly headers: Record<string, string>;
  readonly pathParameters: Record<string, string>;
  readonly requestContext: { authorizer: { jwt: { claims: Record<string, unknown> } } };
}

/** What `manage` is called with, and what comes of it. */
async function asked(door: Door, called: object = { kind: 'answered', payload: { statusCode: 404, body: '{}' } }) {
  const events: Event[] = [];
  const deployment = {
    callManage: async (event: Event) => {
      events.push(event);
      return called;
    },
  } as unknown as Deployment;
  const failure: unknown = await askManage(deployment, door)('deleteUser', questionAbout('50%/ü')).catch(
    (error: unknown) => error,
  );
  return { event: events[0]!, failure: String(failure) };
}

describe('the console at the door of manage', () => {
  it.each<[string, Door]>([
    ['scopes as they are', {}],
    ['scopes with a prefix', { scopes: { prefix: 'bridge/' } }],
    ['scopes in another claim', { scopes: { claim: 'roles' } }],
    ['both', { scopes: { claim: 'roles', prefix: 'bridge/' }, backOfficeClients: ['sample-client', 'another'] }],
  ])('has what a stage asks of a service token that has %s', async (_, door) => {
    const { event } = await asked(door);
    const { claims: verified } = event.requestContext.authorizer.jwt;
    const claims = withExactScopes(verified, event.headers['authorization'], door.scopes) ?? {};
    const route = allRoutes().deleteUser;
    expect(mayCall(route, claims, door.backOfficeClients)).toBe(true);
    expect(hasItsScope(route, claims, door.scopes)).toBe(true);
    for (const scope of ['contacts.read', 'contacts.write', 'broadcasts.read', 'broadcasts.write'] as const)
      expect(grants(claims, scope, door.scopes)).toBe(true);
  });

  it('names the user as the API takes it, and the route', async () => {
    const { event } = await asked({});
    expect(event.routeKey).toBe('DELETE /v1/users/{userId}');
    expect(namedUser({ parameters: event.pathParameters, header: (name) => event.headers[name] })).toBe('50%/ü');
  });

  it.each([
    [{ kind: 'answered', payload: { statusCode: 404, body: '{}' } }, 'answered 404'],
    [{ kind: 'answered', payload: null }, 'answered'],
    [{ kind: 'failed', message: 'crashed' }, 'manage failed: crashed'],
    [{ kind: 'timed-out' }, 'ran out of time'],
  ])('says in one line what %j means', async (called, text) => {
    expect((await asked({}, called)).failure).toContain(text);
  });
});
