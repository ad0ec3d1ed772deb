import { randomUUID } from 'node:crypto';
import { policyOf, syncEnv } from './env.ts';
import { recordChange, type ChangeOf } from './contacts/record-change.ts';
import { httpJob, type Handlers, type HttpHandler, type HttpRequest } from './http.ts';
import { DynamoAudienceLinks } from './io/broadcasts/audience-links.ts';
import { dynamoDb, secretsManager } from './io/aws/clients.ts';
import { DynamoBroadcastTable } from './io/broadcasts/broadcast-table.ts';
import { systemClock } from './io/clock.ts';
import type { ContactApi } from './io/maiagent/contact-api.ts';
import type { Conversation } from './io/maiagent/conversation-wire.ts';
import { pageAt } from './io/maiagent/page.ts';
import { httpSender } from './io/https.ts';
import { DynamoLinkTable, type LinkTable } from './io/aws/link-table.ts';
import { withdrawalsOf } from './io/scim/withdrawals.ts';
import { jsonLog, logAbout, type Log } from './io/log.ts';
import { lambda } from './lambda.ts';
import { maiAgent } from './io/maiagent/connect.ts';
import { broadcastHandlers } from './broadcasts/broadcast-routes.ts';
import type { BroadcastRoutesDeps } from './broadcasts/preview-broadcast.ts';
import { Refused } from './rules/failure.ts';
import { draft, type Link } from './rules/contacts/link.ts';
import { explainLink, linkView, VALUES_SCOPE } from './rules/contacts/explain.ts';
import type { Outcome } from './rules/maiagent/outcome.ts';
import { outageOf } from './rules/maiagent/outage.ts';
import { isKnownPath } from './rules/http/paths.ts';
import type { ConversationAnswer } from './rules/http/answers.ts';
import { namedUser } from './rules/http/named-user.ts';
import { conversationsQuery } from './rules/http/queries.ts';
import { absent, readBody } from './rules/http/request-body.ts';
import { grants, manageRoutes } from './rules/http/routes.ts';
import { linkKey, subjectOf } from './rules/contacts/subject.ts';
import { refusalFor } from './rules/contacts/next-step.ts';
import { otherSourcesOf, receiptOf } from './rules/erasure/receipt.ts';
import { retryConflicts } from './io/retry-conflicts.ts';
import { deletionBodySchema, rotationBodySchema } from './rules/body-schemas.ts';
import { deletionOf } from './rules/contacts/user-body.ts';

/** What the job works with. */
export interface ManageDeps extends BroadcastRoutesDeps {
  readonly links: LinkTable;
  readonly contacts: ContactApi;
  readonly log: Log;
  /** The API as OpenAPI 3.1, in JSON. */
  readonly description: string;
}

/** A person in the back office waits for the answer, and the gateway waits 30 s. */
const CALL_MS_MAX = 10_000;

const notBegun = { path: 'generation', problem: 'must be one that has begun: the user has it as GET shows it' };

const handlers: Handlers<typeof manageRoutes, ManageDeps> = {
  /** The state of a user's link, and why it is so: what the sources said is shown to a token that could have said it. */
  async getUser(request, { settings, links, clock }) {
    const userId = namedUser(request);
    const found = await linkOf(request, links);
    const link = (await links.isWithdrawn(found)) ? { ...found, withheldUntil: Infinity } : found;
    const explanation = explainLink(link, policyOf(settings), grants(request.claims, VALUES_SCOPE, settings.scopes));
    return { status: 200, body: { userId, ...linkView(link, clock.now()), ...explanation } };
  },

  /** Answers after the commit of the deletion: from then on the id is not handed out. `sync` erases the contact at MaiAgent. */
  async deleteUser(request, { settings, links }) {
    const body = readBody(deletionBodySchema, request.body());
    const deletion = deletionOf(body, request.requestedAtMs);
    const tell: ChangeOf = (link) => {
      // A mistyped id must not shut out the person who has it.
      if (!link && !body.tombstone) throw nobody();
      return deletion(link?.reports);
    };
    const subject = { kind: 'user', userId: namedUser(request) } as const;
    const { link } = await recordChange(subject, tell, policyOf(settings), links);
    if (link.accountStatus !== 'deleted') throw new Refused('version_outdated');
    return { status: 202, body: { outcome: 'deleted' } };
  },

  /** What the row says of the erasure: a half-done one is never called done. */
  async getErasure(request, { settings, links }) {
    const userId = namedUser(request);
    const link = await linkOf(request, links);
    const entries = otherSourcesOf(link, settings.sources).map((one) => links.hasEntry(one, userId));
    const isInFormer = (await Promise.all(entries)).includes(true);
    const receipt = receiptOf(link, settings, isInFormer);
    if (!receipt) throw absent('userId', 'was not deleted');
    return { status: 200, body: { userId, ...receipt } };
  },

  /** From the answer on the former id is not handed out; `sync` takes its permissions away, and erases it. */
  async rotateUser(request, { settings, links }) {
    const { generation: leaked } = readBody(rotationBodySchema, request.body());
    const pk = linkKey({ kind: 'user', userId: namedUser(request) });
    const generation = await retryConflicts(async () => {
      const link = await linkOf(request, links);
      const code = refusalFor(link);
      if (code !== undefined) throw new Refused(code);
      // Only what is over can have been rotated before. Whoever names what is still to come would believe that the leaked id is void.
      if (leaked > link.generation) throw new Refused('body_invalid', { flaws: [notBegun] });
      if (leaked < link.generation) return link.generation;
      if (link.contactId === undefined) throw contactless();
      const next = draft(subjectOf(pk), link, undefined, policyOf(settings), { rotates: true });
      const wrote = await links.writeDesired(pk, link, next, randomUUID());
      return 'written' in wrote ? wrote.written.generation : 'conflict';
    });
    return { status: 202, body: { outcome: 'rotated', generation } };
  },

  async listConversations(request, { links, contacts, clock }) {
    const { page = '1', keyword } = readBody(conversationsQuery, request.query);
    const query = { from: pageAt(Number(page)), ...(keyword !== undefined && { keyword }) };
    const contactId = await contactIdOf(request, links);
    const found = answerOf(await contacts.conversations(contactId, query, clock.elapsed() + CALL_MS_MAX));
    const conversations = found.items.map(shown);
    return { status: 200, body: { count: found.count ?? null, hasMore: found.next !== undefined, conversations } };
  },

  async getLatestConversation(request, { links, contacts, clock }) {
    const contactId = await contactIdOf(request, links);
    const found = answerOf(await contacts.latestConversation(contactId, clock.elapsed() + CALL_MS_MAX));
    if (found === 'none') throw absent('userId', 'has no conversation');
    return { status: 200, body: shown(found) };
  },

  ...broadcastHandlers,

  async getOpenApi(_, { description }) {
    return { status: 200, body: description, headers: { 'cache-control': 'public, max-age=3600' } };
  },

  /** The gateway sends here whatever no route takes: another method at an address that is there, or no such address. */
  async answerUnknown({ path }) {
    throw new Refused(isKnownPath(path) ? 'method_not_allowed' : 'not_found');
  },
};

/** The job `manage`: what the enterprise's back office sees, erases and sends (design §9). */
export const manage = (deps: ManageDeps): HttpHandler => httpJob(manageRoutes, handlers, deps);

const nobody = () => absent('userId', 'is of nobody who is known; ids are case-sensitive');
const contactless = () => absent('userId', 'has no contact');

async function linkOf(request: HttpRequest, links: LinkTable): Promise<Link> {
  const link = await links.read(linkKey({ kind: 'user', userId: namedUser(request) }));
  if (!link) throw nobody();
  logAbout({ person: link.pseudonym });
  return link;
}

async function contactIdOf(request: HttpRequest, links: LinkTable): Promise<string> {
  const { contactId } = await linkOf(request, links);
  if (contactId === undefined) throw contactless();
  return contactId;
}

function answerOf<Value>(outcome: Outcome<Value>): Value {
  if (outcome.kind === 'done') return outcome.value;
  if (outcome.kind === 'refused' && outcome.status === 404)
    throw absent('userId', 'has a contact that MaiAgent does not have');
  throw outageOf(outcome);
}

/** The conversation as the back office sees it, with times as ISO 8601 instants. */
function shown({ lastMessage, unreadMessagesCount, ...rest }: Conversation): ConversationAnswer {
  const last = lastMessage ? dated(lastMessage) : null;
  return { ...dated(rest), lastMessage: last, unreadMessagesCount: unreadMessagesCount ?? null };
}

const dated = <Shown extends Pick<Conversation, 'createdAtMs'>>({ createdAtMs: ms, ...rest }: Shown) => ({
  ...rest,
  createdAt: ms === undefined ? null : new Date(ms).toISOString(),
});

export const handler = lambda(syncEnv, ({ env, settings, file }) => {
  const clock = systemClock;
  const log = jsonLog('manage');
  const contacts = maiAgent(env, settings, secretsManager(), httpSender(), clock, log);
  const client = dynamoDb();
  const description = file('openapi.json').toString('utf8');
  const withdrawals = withdrawalsOf(settings.sources, client, env.LINKS_TABLE);
  const links = new DynamoLinkTable(client, env.LINKS_TABLE, clock, withdrawals);
  const audience = new DynamoAudienceLinks(client, env.LINKS_TABLE);
  const broadcasts = new DynamoBroadcastTable(client, env.BROADCASTS_TABLE, env.LINKS_TABLE);
  return manage({ settings, links, broadcasts, audience, contacts, clock, log, description });
});
