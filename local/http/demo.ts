import * as z from 'zod/mini';
import { ID_IN_HEADER, userIdHeader } from '../../functions/rules/http/named-user.ts';
import { linkReader } from './demo-links.ts';
import type { Emulator } from '../emulator/server.ts';
import { type LocalRoutes, ok, taking } from './local-http.ts';

/** What the demo page looks into and turns. */
export interface DemoParts {
  /** The bridge's own API. */
  readonly apiUrl: string;
  readonly dynamoDbEndpoint: string;
  /** The table `Links`; asked at each request, because the table is made after the routes are. */
  readonly tableName: () => string;
  readonly maiAgent: { readonly baseUrl: string; readonly apiPrefix: string; readonly apiKey: string };
  /** Undefined with another MaiAgent: nobody switches that one off from here. */
  readonly emulator: Pick<Emulator, 'isDown' | 'goDown' | 'goUp'> | undefined;
  /** A token of the local issuer. */
  readonly token: (sub: string, more: { scope: string }) => Promise<string>;
}

/** MaiAgent and the API are on this machine or a few hops away; a page that shows their answers cannot wait for longer. */
const timeoutMs = 10_000;

const userId = z.string().check(z.minLength(1), z.maxLength(256));
const downSchema = z.strictObject({ down: z.boolean() });
const disableSchema = z.strictObject({
  userId,
  disabled: z.boolean(),
  /** The rest of the user: a document that leaves a field out says that it is empty. */
  user: z.optional(
    z.strictObject({
      name: z.optional(z.string()),
      email: z.optional(z.string()),
      roles: z.optional(z.array(z.string())),
    }),
  ),
});
const linkSchema = z.union([z.strictObject({ userId }), z.strictObject({ contactId: z.guid() })]);
const contactSchema = z.strictObject({ contactId: z.guid() });

/**
 * The JSON behind the demo page. What the page can expect to happen is a 200 with a word for it. To be put behind `isFromThisMachine`: it
 * shows and changes everything.
 */
export function demoRoutes(parts: DemoParts): LocalRoutes {
  const links = linkReader(parts.dynamoDbEndpoint, parts.tableName);
  return {
    'GET /local/demo/state': async () => ok(stateOf(parts)),
    'GET /local/demo/link': taking(linkSchema, async (asked) =>
      ok({ link: 'userId' in asked ? await links.ofUser(asked.userId) : await links.ofContact(asked.contactId) }),
    ),
    'GET /local/demo/contact': taking(contactSchema, async ({ contactId }) => ok(await contactAt(parts, contactId))),
    'POST /local/demo/disable': taking(disableSchema, async (asked) => ok(await setStatus(parts, asked))),
    'POST /local/demo/maiagent': taking(downSchema, async ({ down }) => {
      await (down ? parts.emulator?.goDown('refuse') : parts.emulator?.goUp());
      return ok(stateOf(parts));
    }),
  };
}

function stateOf({ emulator, maiAgent }: DemoParts) {
  return { maiAgent: maiAgent.baseUrl, canSwitch: emulator !== undefined, down: emulator?.isDown !== undefined };
}

/** The contact as MaiAgent's API answers it now, without the credentials that may be in it. */
async function contactAt({ maiAgent }: DemoParts, contactId: string): Promise<unknown> {
  const { baseUrl, apiPrefix, apiKey } = maiAgent;
  try {
    const response = await fetch(`${baseUrl}${apiPrefix}/contacts/${contactId}/`, {
      headers: { authorization: `Api-Key ${apiKey}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status === 404) return { state: 'missing' };
    if (!response.ok) return { state: 'unreachable' };
    const { mcpCredentials: _, ...contact } = (await response.json()) as Record<string, unknown>;
    return { state: 'found', contact };
  } catch {
    return { state: 'unreachable' };
  }
}

/** Says through the API, as the enterprise's back office would, that a user is disabled or active. */
async function setStatus({ apiUrl, token }: DemoParts, asked: z.infer<typeof disableSchema>): Promise<unknown> {
  const response = await fetch(`${apiUrl}/v1/users/${ID_IN_HEADER}`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${await token('sample-back-office', { scope: 'contacts.write' })}`,
      'content-type': 'application/json',
      ...userIdHeader(asked.userId),
    },
    body: JSON.stringify({ ...asked.user, status: asked.disabled ? 'disabled' : 'active' }),
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const { outcome, code } = (await response.json()) as { outcome?: string; code?: string };
  return { status: response.status, ...(outcome && { outcome }), ...(code && { code }) };
}
