import * as z from 'zod/mini';

/** How the function answered: its result as JSON, or that there is none. */
type Answer = { readonly kind: 'answered'; readonly payload: string } | { readonly kind: 'failed' | 'unavailable' };

const replySchema = z.object({ isAuthorized: z.boolean(), context: z._default(z.record(z.string(), z.unknown()), {}) });

/** What the gateway decides by a function. */
export type FunctionVerdict =
  | { readonly kind: 'allowed'; readonly lambda: Readonly<Record<string, unknown>> }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'failed' };

/**
 * Asks a Lambda authorizer by payload format 2.0 with simple responses (AWS, "Control access to HTTP APIs with AWS Lambda authorizers"):
 * without the header that is its identity source it is not asked, and its "no" is a 403.
 */
export function functionAuthorizer(
  routeKey: string,
  ask: (eventJson: string) => Promise<Answer>,
): (header: string | undefined, routeScopes: readonly string[]) => Promise<FunctionVerdict> {
  return async (header) => {
    if (!header) return { kind: 'unauthorized' };
    const event = {
      version: '2.0',
      type: 'REQUEST',
      identitySource: [header],
      routeKey,
      headers: { authorization: header },
    };
    const answer = await ask(JSON.stringify(event));
    if (answer.kind !== 'answered') return { kind: 'failed' };
    const reply = z.safeParse(replySchema, JSON.parse(answer.payload));
    if (!reply.success) return { kind: 'failed' };
    return reply.data.isAuthorized ? { kind: 'allowed', lambda: reply.data.context } : { kind: 'forbidden' };
  };
}
