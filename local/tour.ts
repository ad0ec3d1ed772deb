import type * as z from 'zod/mini';
import { contactAnswer, visitorAnswer } from '../functions/rules/http/answers.ts';
import type { Bridge } from './bridge.ts';

/** What the tour saw, in the words of the API. */
export type Tour = Awaited<ReturnType<typeof takeTour>>;

/** A step of the tour was not answered as it should be. */
export class TourError extends Error {
  override readonly name = 'TourError';
}

/** The first person of the tour; plainly a sample. */
export const sampleMember = {
  sub: 'sample-member',
  claims: { name: 'Sample Member', email: 'sample-member@example.com', roles: ['staff'] },
} as const;

/** An answer of 202 or 503 asks to come again; this often, the tour does. */
const attemptsMax = 20;

/** Signs a person in, looks at the contact, and comes by as a visitor: over real HTTP. Rejects with a `TourError` at the first surprise. */
export async function takeTour(bridge: Bridge) {
  const authorization = `Bearer ${await bridge.token(sampleMember.sub, { claims: sampleMember.claims })}`;
  const first = await answered(bridge, '/v1/identity', contactAnswer, { authorization });
  const again = await answered(bridge, '/v1/identity', contactAnswer, { authorization });
  const visitor = await answered(bridge, '/v1/visitors', visitorAnswer, {});
  const withoutToken = await post(bridge, '/v1/identity', {});
  return {
    contactId: first.contactId,
    /** The same person a second time. */
    again,
    contact: await contactOf(bridge, first.contactId),
    visitorContactId: visitor.contactId,
    statusWithoutToken: withoutToken.status,
  };
}

/** Throws a `TourError` where the tour breaks a promise of the system. */
export function checkTour({ contactId, again, contact, visitorContactId, statusWithoutToken }: Tour): void {
  const promises: Record<string, boolean> = {
    'the same person gets the same contact': again.contactId === contactId,
    'a second visit changes nothing': again.outcome === 'unchanged',
    'MaiAgent knows the contact by its person': contact['id'] === contactId && contact['sourceId'] === sampleMember.sub,
    'a visitor gets a contact of their own': visitorContactId !== contactId,
    'nobody gets in without a token': statusWithoutToken === 401,
  };
  for (const [promise, kept] of Object.entries(promises)) if (!kept) throw new TourError(`broken: ${promise}`);
}

async function answered<Schema extends z.ZodMiniType>(
  bridge: Bridge,
  path: string,
  schema: Schema,
  headers: Record<string, string>,
): Promise<z.infer<Schema>> {
  let body: Record<string, unknown> = {};
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const response = await post(bridge, path, headers, body['visitorToken']);
    const answer = schema.safeParse(response.body);
    if (response.status === 200 && answer.success) return answer.data;
    if (response.status !== 202 && response.status !== 503) throw surprise(`POST ${path}`, response);
    body = response.body;
    await new Promise((settle) => setTimeout(settle, response.retryAfterMs));
  }
  throw new TourError(`POST ${path} did not succeed in ${attemptsMax} attempts`);
}

async function post({ url }: Bridge, path: string, headers: Record<string, string>, visitorToken?: unknown) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ visitorToken }),
  });
  const retryAfterMs = Number(response.headers.get('retry-after') ?? 1) * 1000;
  return { status: response.status, body: (await response.json()) as Record<string, unknown>, retryAfterMs };
}

/** What MaiAgent answers for a contact. Throws a `TourError` for anything but a contact. */
export async function contactOf(
  { maiAgent }: Pick<Bridge, 'maiAgent'>,
  contactId: string,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${maiAgent.baseUrl}${maiAgent.apiPrefix}/contacts/${contactId}/`, {
    headers: { authorization: `Api-Key ${maiAgent.apiKey}` },
    redirect: 'error',
  });
  const body = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw surprise('GET contacts/{id}/ at MaiAgent', { status: response.status, body });
  return body;
}

function surprise(what: string, { status, body }: { readonly status: number; readonly body: object }): TourError {
  return new TourError(`${what} answered ${status} ${JSON.stringify(body)}`);
}
