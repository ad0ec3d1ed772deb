import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Emulator } from '../emulator/server.ts';
import { callDynamoDb } from '../runner/dynamodb-api.ts';
import { type LocalRoutes, ok, taking } from './local-http.ts';

/** What the demo page looks into and turns. */
export interface DemoParts {
  readonly dynamoDbEndpoint: string;
  /** The table `Links`; asked at each request, because the table is made after the routes are. */
  readonly tableName: () => string;
  readonly maiAgent: { readonly baseUrl: string; readonly apiPrefix: string; readonly apiKey: string };
  /** Undefined with another MaiAgent: nobody switches that one off from here. */
  readonly emulator: Pick<Emulator, 'isDown' | 'goDown' | 'goUp'> | undefined;
}

/** MaiAgent is on this machine or a few hops away; a page that shows its answers cannot wait for longer. */
const timeoutMs = 10_000;

const downSchema = z.strictObject({ down: z.boolean() });
const linkSchema = z.union([
  z.strictObject({ userId: z.string().check(z.minLength(1), z.maxLength(256)) }),
  z.strictObject({ contactId: z.guid() }),
]);
const contactSchema = z.strictObject({ contactId: z.guid() });

/** The JSON behind the demo page. Behind `isFromThisMachine`: it shows and changes everything. What can be expected is a 200 with a word for it. */
export function demoRoutes(parts: DemoParts): LocalRoutes {
  return {
    'GET /local/demo/state': async () => ok(await stateOf(parts)),
    'GET /local/demo/link': taking(linkSchema, async (asked) =>
      ok({ link: 'userId' in asked ? await row(parts, `user#${asked.userId}`) : await rowOf(parts, asked.contactId) }),
    ),
    'GET /local/demo/contact': taking(contactSchema, async ({ contactId }) => ok(await contactAt(parts, contactId))),
    'POST /local/demo/maiagent': taking(downSchema, async ({ down }) => {
      await (down ? parts.emulator?.goDown('refuse') : parts.emulator?.goUp());
      return ok(await stateOf(parts));
    }),
  };
}

async function stateOf({ emulator, maiAgent }: DemoParts) {
  // Later than the start, which reads the stage beside other things.
  const { knowledgeBaseNames } = await import('../../infra/stages/local.ts');
  const down = emulator?.isDown !== undefined;
  return { maiAgent: maiAgent.baseUrl, canSwitch: emulator !== undefined, down, knowledgeBases: knowledgeBaseNames };
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

/** What is shown, in this order. Hashes and the names of locks say nothing to a person. */
const shown = [
  'pk',
  'accountStatus',
  'generation',
  'contactId',
  'sourceId',
  'revision',
  'desired',
  'reports',
  'promotedTo',
  'formerContacts',
  'openRequests',
  'attempts',
  'lastError',
  'createdAt',
  'updatedAt',
];

type Item = Record<string, AttributeValue>;

/** A row of `Links` for people to look at, null where there is none. */
async function row({ dynamoDbEndpoint, tableName }: DemoParts, pk: string): Promise<object | null> {
  const request = { TableName: tableName(), Key: { pk: { S: pk } }, ConsistentRead: true };
  const { Item } = (await callDynamoDb(dynamoDbEndpoint, 'DynamoDB_20120810.GetItem', request)) as { Item?: Item };
  return Item ? shownOf(unmarshall(Item)) : null;
}

/** The row that is bound to a contact, a visitor's too. */
async function rowOf(parts: DemoParts, contactId: string): Promise<object | null> {
  const request = {
    TableName: parts.tableName(),
    IndexName: 'ByContact',
    KeyConditionExpression: 'contactId = :contactId',
    ExpressionAttributeValues: { ':contactId': { S: contactId } },
    Limit: 1,
  };
  const answer = await callDynamoDb(parts.dynamoDbEndpoint, 'DynamoDB_20120810.Query', request);
  const [found] = (answer as { Items: Item[] }).Items;
  return found ? row(parts, String(found['pk']?.S)) : null;
}

function shownOf(link: Record<string, unknown>): Record<string, unknown> {
  const clean = link['desiredHash'] !== undefined && link['desiredHash'] === link['confirmedHash'];
  const kept = shown.filter((name) => link[name] !== undefined).map((name) => [name, link[name]] as const);
  return { ...Object.fromEntries(kept), confirmed: clean };
}
