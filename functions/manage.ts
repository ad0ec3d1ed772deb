import * as z from 'zod/mini';
import { manageEnv, policyOf, speedOf, type ManageEnv, type Settings } from './env.ts';
import { recordChange, type ChangeOf } from './contacts/record-change.ts';
import { httpJob, type HttpAnswer, type HttpHandler, type HttpRequest, type Route } from './http.ts';
import { DynamoAudienceLinks, type AudienceLinks } from './io/aws/audience-links.ts';
import { dynamoDb, secretsManager } from './io/aws/clients.ts';
import { DynamoBroadcastTable, type BroadcastTable } from './io/aws/broadcast-table.ts';
import { systemClock, type Clock } from './io/clock.ts';
import type { ContactApi } from './io/maiagent/contact-api.ts';
import type { Conversation } from './io/maiagent/conversation-wire.ts';
import { httpSender } from './io/https.ts';
import { DynamoLinkTable, type LinkTable } from './io/aws/link-table.ts';
import { jsonLog } from './io/log.ts';
import { lambda, type LambdaDeps } from './lambda.ts';
import { maiAgent } from './io/maiagent/connect.ts';
import { broadcastRoutes, type BroadcastRoutesDeps } from './broadcasts/broadcast-routes.ts';
import { Refused } from './rules/failure.ts';
import type { Link } from './rules/contacts/link.ts';
import { linkView } from './rules/contacts/link-view.ts';
import type { Outcome } from './rules/maiagent/outcome.ts';
import { outageOf } from './rules/maiagent/outage.ts';
import { readBody } from './rules/http/request-body.ts';
import { linkKey, readUserId } from './rules/contacts/subject.ts';
import { deletionBodySchema, deletionOf } from './rules/contacts/user-body.ts';
import { API } from './rules/contacts/desired.ts';

/** What the job works with. */
export interface ManageDeps {
  readonly settings: Settings;
  readonly links: LinkTable;
  readonly broadcasts: BroadcastTable;
  readonly audience: AudienceLinks;
  readonly contacts: ContactApi;
  readonly clock: Clock;
  /** The API as OpenAPI 3.1, in JSON. */
  readonly description: string;
}

/** A person in the back office waits; the gateway waits 30 s. */
const CALL_MS_MAX = 10_000;
const pageSchema = z.strictObject({
  page: z.optional(z.string().check(z.regex(/^[1-9]\d{0,5}$/))),
  keyword: z.optional(z.string().check(z.maxLength(256))),
});

/** The routes of `manage`: what the enterprise's back office sees, erases and sends (design §9). */
export function manageRoutes(deps: ManageDeps): Record<string, Route> {
  const { settings, links, contacts, clock, description } = deps;

  async function getUser(request: HttpRequest): Promise<HttpAnswer> {
    return {
      status: 200,
      body: { userId: readUserId(request.parameters['userId']), ...linkView(await linkOf(request, links)) },
    };
  }

  /** Answered when the deletion is committed: from then on nobody gets the contact's id. `sync` erases it at MaiAgent. */
  async function deleteUser(request: HttpRequest): Promise<HttpAnswer> {
    const body = readBody(deletionBodySchema, request.body());
    const deletion = deletionOf(body, request.requestedAtMs);
    const tell: ChangeOf = (link) => deletion(link?.reports[API]);
    const { link } = await recordChange(
      { kind: 'user', userId: readUserId(request.parameters['userId']) },
      tell,
      policyOf(settings),
      links,
    );
    if (link.accountStatus !== 'deleted') throw new Refused('version_outdated');
    return { status: 202, body: { outcome: 'deleted' } };
  }

  async function conversations(request: HttpRequest): Promise<HttpAnswer> {
    const { page = '1', keyword } = readBody(pageSchema, request.query);
    const query = { page: Number(page), ...(keyword !== undefined && { keyword }) };
    const found = answerOf(
      await contacts.conversations(await contactIdOf(request, links), query, clock.elapsed() + CALL_MS_MAX),
    );
    return {
      status: 200,
      body: {
        count: found.count ?? null,
        hasMore: found.next !== undefined,
        conversations: found.conversations.map(shown),
      },
    };
  }

  async function latest(request: HttpRequest): Promise<HttpAnswer> {
    const found = answerOf(
      await contacts.latestConversation(await contactIdOf(request, links), clock.elapsed() + CALL_MS_MAX),
    );
    if (found === 'none') throw new Refused('not_found');
    return { status: 200, body: shown(found) };
  }

  const describe: Route = async () => ({
    status: 200,
    body: description,
    headers: { 'cache-control': 'public, max-age=3600' },
  });

  return {
    'GET /v1/users/{userId}': getUser,
    'DELETE /v1/users/{userId}': deleteUser,
    'GET /v1/users/{userId}/conversations': conversations,
    'GET /v1/users/{userId}/conversations/latest': latest,
    'GET /v1/openapi.json': describe,
    ...broadcastRoutes(broadcastDeps(deps)),
  };
}

function broadcastDeps({ settings, broadcasts, audience, contacts, clock }: ManageDeps): BroadcastRoutesDeps {
  const { retentionDays } = settings.broadcasts;
  const sources = settings.sources.map(({ name }) => name);
  const speed = speedOf(settings);
  return { broadcasts, audience, contacts, clock, sources, speed, retentionDays };
}

async function linkOf(request: HttpRequest, links: LinkTable): Promise<Link> {
  const link = await links.read(linkKey({ kind: 'user', userId: readUserId(request.parameters['userId']) }));
  if (!link) throw new Refused('not_found');
  return link;
}

async function contactIdOf(request: HttpRequest, links: LinkTable): Promise<string> {
  const { contactId } = await linkOf(request, links);
  if (contactId === undefined) throw new Refused('not_found');
  return contactId;
}

function answerOf<Value>(outcome: Outcome<Value>): Value {
  if (outcome.kind === 'done') return outcome.value;
  if (outcome.kind === 'refused' && outcome.status === 404) throw new Refused('not_found');
  throw outageOf(outcome);
}

/** Times as instants; who wrote is MaiAgent's to say. */
function shown({ id, title, lastMessage, unreadMessagesCount, createdAtMs }: Conversation) {
  const at = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  const last = lastMessage && {
    id: lastMessage.id,
    type: lastMessage.type,
    content: lastMessage.content,
    createdAt: at(lastMessage.createdAtMs),
  };
  return {
    id,
    title,
    lastMessage: last ?? null,
    unreadMessagesCount: unreadMessagesCount ?? null,
    createdAt: at(createdAtMs),
  };
}

function build({ env, settings, file }: LambdaDeps<ManageEnv>): HttpHandler {
  const clock = systemClock;
  const contacts = maiAgent(env, settings, secretsManager(), httpSender(), clock);
  const client = dynamoDb();
  const description = file('openapi.json').toString('utf8');
  const links = new DynamoLinkTable(client, env.LINKS_TABLE, clock);
  const audience = new DynamoAudienceLinks(client, env.LINKS_TABLE);
  const broadcasts = new DynamoBroadcastTable(client, env.BROADCASTS_TABLE, env.LINKS_TABLE);
  return httpJob(
    manageRoutes({ settings, links, broadcasts, audience, contacts, clock, description }),
    jsonLog('manage'),
  );
}

export const handler = lambda(manageEnv, build);
