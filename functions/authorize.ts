import { authorizeEnv } from './env.ts';
import { systemClock, type Clock } from './io/clock.ts';
import { publicKeys } from './io/public-keys.ts';
import { verifyToken, type TokenRules } from './io/verify-token.ts';
import { lambda } from './lambda.ts';
import type { Authorized } from './rules/http/authorized.ts';

/** What API Gateway asks a Lambda authorizer (payload format 2.0), as far as it matters here. */
export interface AuthorizerEvent {
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/**
 * The job `authorize`: stands at the door of the API where API Gateway cannot, because the issuer is on an intranet or signs otherwise than
 * with RSA. It says who the bearer is, and the function behind it turns away whom it does not know, in the gateway's own words: a "no"
 * from here would be a 403 whatever was wrong, and a page must know a token that has run out from a right that is missing.
 */
export function authorize(
  rules: TokenRules,
  clock: Clock,
): (event: AuthorizerEvent) => Promise<{ readonly isAuthorized: true; readonly context: Authorized }> {
  return async ({ headers = {} }) => {
    const verified = await verifyToken(headers['authorization'], rules, clock);
    const context = typeof verified === 'object' ? { token: JSON.stringify(verified) } : { refused: verified };
    return { isAuthorized: true, context };
  };
}

type Keys = Awaited<ReturnType<TokenRules['keys']>>['keys'];

export const handler = lambda(authorizeEnv, ({ env }) => {
  const { url, keys = [] } = JSON.parse(env.TOKEN_KEYS) as { readonly url?: string; readonly keys?: Keys };
  const remote = publicKeys(systemClock);
  const rules: TokenRules = {
    issuer: env.TOKEN_ISSUER,
    audience: JSON.parse(env.TOKEN_AUDIENCE) as string[],
    keys: (kid) => (url === undefined ? Promise.resolve({ keys }) : remote.read(url, kid)),
  };
  return authorize(rules, systemClock);
});
