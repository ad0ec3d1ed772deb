import { createHash, randomUUID } from 'node:crypto';
import type * as z from 'zod/mini';
import { contactFor, type Answer } from './contacts/contact-for.ts';
import { identifyEnv, contactSettingsOf, type IdentifyEnv, type Settings } from './env.ts';
import type { ChangeOf } from './contacts/record-change.ts';
import { httpJob, retryAfter, type HttpAnswer, type HttpHandler, type HttpRequest, type Route } from './http.ts';
import { dynamoDb, secretsManager } from './io/aws/clients.ts';
import { systemClock } from './io/clock.ts';
import { httpSender } from './io/https.ts';
import { DynamoLinkTable } from './io/aws/link-table.ts';
import { jsonLog } from './io/log.ts';
import { storedSecret } from './io/aws/secrets.ts';
import { visitorTokens, type VisitorTokens } from './io/visitor-token.ts';
import { lambda, type LambdaDeps } from './lambda.ts';
import { maiAgent } from './io/maiagent/connect.ts';
import type { Deps } from './contacts/reconcile.ts';
import { Refused, Unavailable, type Flaw } from './rules/failure.ts';
import { isKnownPath } from './rules/http/paths.ts';
import { readBody } from './rules/http/request-body.ts';
import { linkKey, readUserId } from './rules/contacts/subject.ts';
import { signIn, verifiedClaims } from './rules/contacts/token-claims.ts';
import { changeOf, userBodySchema, visitorBodySchema } from './rules/contacts/user-body.ts';
import { API } from './rules/contacts/desired.ts';

/** What the job works with, so that a test can give it other parts. */
export interface IdentifyDeps extends Deps {
  readonly settings: Settings;
  readonly tokens: VisitorTokens;
  readonly loader: Buffer;
}

/** The routes of `identify`: who is this, and which contact is theirs (design §6, §9). */
export function identifyRoutes(deps: IdentifyDeps): Record<string, Route> {
  const { settings, tokens, links, clock } = deps;
  const contactSettings = contactSettingsOf(settings);

  /** A signed-in user's contact. A visitor who signs in gets another contact than before, and stops being a visitor. */
  async function identity(request: HttpRequest): Promise<HttpAnswer> {
    const { visitorToken } = readBody(visitorBodySchema, request.body());
    const { userId, change } = signIn(
      verifiedClaims(request.header('authorization'), request.claims),
      settings.claims,
      clock.now(),
    );
    const answer = await contactFor({ kind: 'user', userId }, () => change, contactSettings, deps);
    const visitorId = visitorToken && answer.outcome !== 'pending' ? await tokens.visitorOf(visitorToken) : undefined;
    if (visitorId) await links.promote(linkKey({ kind: 'visitor', visitorId }), userId);
    return answered(answer);
  }

  /** A visitor's contact. Whatever happens to it, the visitor gets a token to come back with as the same visitor. */
  async function visitors(request: HttpRequest): Promise<HttpAnswer> {
    const { visitorToken } = readBody(visitorBodySchema, request.body());
    const visitorId = visitorToken === undefined ? await newVisitor() : await tokens.visitorOf(visitorToken);
    if (visitorId === undefined) throw new Refused('visitor_token_invalid');
    const members = { visitorToken: await tokens.issue(visitorId) };
    try {
      return answered(await contactFor({ kind: 'visitor', visitorId }, undefined, contactSettings, deps), members);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      throw error.with(members);
    }
  }

  /** Strangers create rows and contacts here: all of them together get so many an hour. */
  async function newVisitor(): Promise<string> {
    const now = new Date(clock.now()).toISOString();
    if (await links.spendVisitor(now.slice(0, 13), settings.visitorsPerHour)) return randomUUID();
    throw new Refused('visitor_budget_spent', { retryAfterMs: 3_600_000 - (clock.now() % 3_600_000) });
  }

  /** The back end says who a user is, whole, and gets the user's contact. */
  async function putUser(request: HttpRequest): Promise<HttpAnswer> {
    const subject = { kind: 'user', userId: readUserId(request.parameters['userId']) } as const;
    const body = userIn(request);
    const change = changeOf(body, request.requestedAtMs);
    const tell: ChangeOf = (link) => change(link?.reports[API]);
    try {
      return answered(await contactFor(subject, tell, contactSettings, deps));
    } catch (error) {
      // To be refused an id is what this caller asked for, and no failure.
      if (!(error instanceof Refused && error.code === 'user_disabled' && body.status === 'disabled')) throw error;
      return { status: 200, body: { outcome: 'disabled' } };
    }
  }

  function answered(answer: Answer, members: { visitorToken?: string } = {}): HttpAnswer {
    if (answer.outcome === 'pending') {
      return { status: 202, body: { outcome: 'pending', ...members }, headers: retryAfter(answer.retryAfterMs) };
    }
    const { contactId, outcome } = answer;
    return { status: 200, body: { contactId, outcome, webChat: settings.webChat, ...members } };
  }

  return {
    'POST /v1/identity': identity,
    'POST /v1/visitors': visitors,
    'PUT /v1/users/{userId}': putUser,
    'GET /contact-bridge.js': loaderRoute(deps.loader),
    'GET /v1/health': async () => ({ status: 200, body: { status: 'ok' } }),
    $default: unknownRoute,
  };
}

/** An empty object says that the user has nothing; an empty body is a mistake. */
function userIn(request: HttpRequest): z.infer<typeof userBodySchema> {
  if (request.bytes().length === 0) throw new Refused('body_invalid', { flaws: [noBody] });
  return readBody(userBodySchema, request.body());
}

const noBody: Flaw = { path: '', problem: 'must be there: it is the whole user' };

/** The loader for the enterprise's page. Its tag is its content, so a page asks for it often and gets it once. */
function loaderRoute(loader: Buffer): Route {
  const etag = `"${createHash('sha256').update(loader).digest('base64url')}"`;
  const headers = {
    etag,
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=300, must-revalidate',
  };
  const text = loader.toString('utf8');
  return async (request) => {
    const known = request
      .header('if-none-match')
      ?.split(',')
      .map((tag) => tag.trim().replace(/^W\//, ''));
    return known?.includes(etag) ? { status: 304, headers } : { status: 200, body: text, headers };
  };
}

/**
 * The gateway sends here whatever no route takes: another method at an address that is there, or no such address. Preflights come
 * here too because this route is there, and the gateway then adds its CORS headers to a success (AWS, "CORS for HTTP APIs").
 */
const unknownRoute: Route = async ({ method, path }) => {
  if (method === 'OPTIONS') return { status: 204 };
  throw new Refused(isKnownPath(path) ? 'method_not_allowed' : 'not_found');
};

function build({ env, settings, file }: LambdaDeps<IdentifyEnv>): HttpHandler {
  const log = jsonLog('identify');
  const clock = systemClock;
  const secrets = secretsManager();
  const contacts = maiAgent(env, settings, secrets, httpSender(), clock);
  const tokens = visitorTokens(storedSecret(secrets, env.VISITOR_SIGNING_SECRET), clock);
  const links = new DynamoLinkTable(dynamoDb(), env.LINKS_TABLE, clock);
  return httpJob(
    identifyRoutes({
      settings,
      tokens,
      links,
      contacts,
      clock,
      log,
      random: Math.random,
      loader: file('contact-bridge.js'),
    }),
    log,
  );
}

export const handler = lambda(identifyEnv, build);
