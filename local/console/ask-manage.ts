import { randomUUID } from 'node:crypto';
import { allRoutes, writtenScope } from '../../functions/rules/http/routes.ts';
import { answered, type Advice, type Ask } from '../commands/api/ask.ts';
import { placeOf } from '../commands/bridge-operations.ts';
import { CommandError } from '../commands/command-error.ts';
import type { Deployment } from '../commands/deployment.ts';
import { parsedJson } from '../http/body.ts';
import type { settingsOfStage } from '../permissions/stage-settings.ts';

/** How the stage reads the scopes and the client of a token. */
export type Door = Partial<Pick<Awaited<ReturnType<typeof settingsOfStage>>, 'scopes' | 'backOfficeClients'>>;

const scopes = ['contacts.read', 'contacts.write', 'broadcasts.read', 'broadcasts.write'] as const;
const advice: Advice = { byCode: {}, needs: scopes.join(', ') };

/**
 * Asks the API by calling the job `manage` itself, as API Gateway does once it has verified a token: whoever may invoke the function needs
 * none (AWS, "Working with AWS Lambda proxy integrations for HTTP APIs", payload format 2.0). Throws `CommandError` as `ask` does.
 */
export function askManage(deployment: Deployment, door: Door): Ask {
  const claims = claimsFor(door);
  return async (id, { path = {}, query = {}, body, headers = {} }) => {
    const { method, path: rawPath } = placeOf(id, { path, query });
    const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
    const event = {
      version: '2.0',
      routeKey: allRoutes()[id].key,
      rawPath: rawPath.split('?')[0],
      rawQueryString: '',
      headers: { ...Object.fromEntries(named), ...(body && { 'content-type': 'application/json' }), ...claims.header },
      pathParameters: path,
      queryStringParameters: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)),
      requestContext: {
        requestId: randomUUID(),
        http: {
          method,
          path: rawPath,
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'contact-bridge console',
        },
        timeEpoch: Date.now(),
        authorizer: { jwt: { claims: claims.texts, scopes: [] } },
      },
      ...(body && { body: JSON.stringify(body) }),
      isBase64Encoded: false,
    };
    const called = await deployment.callManage(event);
    if (called.kind === 'failed') throw new CommandError(`manage failed: ${called.message}; its log says more`);
    if (called.kind === 'timed-out') throw new CommandError('manage ran out of time: try again');
    const { statusCode = 0, body: text = '' } = (called.payload ?? {}) as { statusCode?: number; body?: string };
    return answered(id, { status: statusCode, json: parsedJson(text) }, advice);
  };
}

/** The claims of a service token of this stage, and the token that has them, which nobody verifies behind the door. */
function claimsFor({ scopes: form, backOfficeClients }: Door) {
  const granted = scopes.map((scope) => writtenScope(scope, form));
  const claim = form?.claim ?? 'scope';
  const [client = 'contact-bridge-console'] = backOfficeClients ?? [];
  const claims = { sub: 'console', client_id: client, [claim]: claim === 'scope' ? granted.join(' ') : granted };
  const texts = { ...claims, [claim]: claim === 'scope' ? granted.join(' ') : `[${granted.join(' ')}]` };
  const token = ['{}', JSON.stringify(claims), 'unsigned']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
  return { texts, header: { authorization: `Bearer ${token}` } };
}
