import { createHash } from 'node:crypto';
import { contactFor, type Answer } from './contacts/contact-for.ts';
import { promote } from './contacts/end-visitor.ts';
import { newVisitor, type SpentBudgets } from './contacts/new-visitor.ts';
import { identifyEnv, policyOf, type Settings } from './env.ts';
import type { ChangeOf } from './contacts/record-change.ts';
import { httpJob, retryAfter, type Handlers, type HttpHandler, type HttpRequest } from './http.ts';
import { dynamoDb, secretsManager } from './io/aws/clients.ts';
import { systemClock, type Clock } from './io/clock.ts';
import { httpSender } from './io/https.ts';
import { DynamoLinkTable } from './io/aws/link-table.ts';
import { withdrawalsOf } from './io/scim/withdrawals.ts';
import { jsonLog } from './io/log.ts';
import { storedSecret } from './io/aws/secrets.ts';
import { visitorTokens, type VisitorTokens } from './io/visitor-token.ts';
import { lambda } from './lambda.ts';
import { maiAgent } from './io/maiagent/connect.ts';
import type { Deps } from './contacts/outcome.ts';
import { Refused, Unavailable, type Flaw } from './rules/failure.ts';
import type { AnswerTo } from './rules/http/operations.ts';
import { namedUser } from './rules/http/named-user.ts';
import { readBody } from './rules/http/request-body.ts';
import { identifyRoutes } from './rules/http/routes.ts';
import { draft } from './rules/contacts/link.ts';
import { isOutdated } from './rules/contacts/reports.ts';
import type { Subject } from './rules/contacts/subject.ts';
import { signIn, verifiedClaims } from './rules/contacts/token-claims.ts';
import { readUpdate } from './rules/contacts/user-body.ts';

/** What the job works with. */
export interface IdentifyDeps extends Deps {
  readonly settings: Settings;
  readonly tokens: VisitorTokens;
  /** A file of the loader, undefined where there is none of that name. */
  readonly loader: (name: string) => Buffer | undefined;
}

/** What a process keeps between requests. */
interface Remembering extends IdentifyDeps {
  readonly spent: SpentBudgets;
}

/** Any site can have browsers send a request without a type; for this one they ask first (Fetch, "CORS-safelisted request-header"). */
function requireJson(request: HttpRequest): void {
  const mediaType = request.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') throw new Refused('content_type_unsupported');
}

/** Loaded when a body has something in it: a page that was no visitor's sends an empty object, and the schemas are a tenth of a cold start. */
const bodySchemas = () => import('./rules/body-schemas.ts');

async function visitorTokenIn(request: HttpRequest): Promise<string | null | undefined> {
  const body = request.body();
  if (JSON.stringify(body) === '{}') return undefined;
  const { visitorBodySchema } = await bodySchemas();
  return readBody(visitorBodySchema, body).visitorToken;
}

const noBody: Flaw = { path: '', problem: 'must be there: it is the whole user' };

const contactOf = (subject: Subject, tell: ChangeOf | undefined, deps: IdentifyDeps): Promise<Answer> =>
  contactFor(subject, tell, deps.settings, deps);

function answered<Members extends object>(answer: Answer, { settings }: IdentifyDeps, members: Members) {
  if (answer.outcome === 'pending') {
    const body = { outcome: answer.outcome, ...members };
    return { status: 202, body, headers: retryAfter(answer.retryAfterMs) } as const;
  }
  const { contactId, outcome } = answer;
  return { status: 200, body: { contactId, outcome, webChat: settings.webChat, ...members } } as const;
}

/** The names of the loader's files. A released one never changes, so that a page may hold it to its hash. */
const loaderFile = /^(latest|\d+\.\d+\.\d+)\.m?js$/;

/** The loader for the enterprise's page. Its ETag is a hash of its content, so a page that asks again gets a 304. */
async function getLoaderFile(request: HttpRequest, { loader }: IdentifyDeps): Promise<AnswerTo<'getLoaderFile'>> {
  const { file = 'latest.js' } = request.parameters;
  const content = loaderFile.test(file) ? loader(file) : undefined;
  if (!content) throw new Refused('not_found');
  const etag = `"${createHash('sha256').update(content).digest('base64url')}"`;
  const headers = {
    etag,
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': `public, ${file.startsWith('latest') ? 'max-age=300, must-revalidate' : 'max-age=31536000, immutable'}`,
    // A page that requires it of everything it loads (`Cross-Origin-Embedder-Policy: require-corp`) takes the loader too.
    'cross-origin-resource-policy': 'cross-origin',
    // A module, and a script with a hash, are asked for by CORS, and the gateway names the one origin that asked.
    vary: 'origin',
  };
  // Nothing else in a list of tags, weak ones too, can hold this hash.
  const isKnown = request.header('if-none-match')?.includes(etag);
  return isKnown ? { status: 304, headers } : { status: 200, body: content.toString('utf8'), headers };
}

const handlers: Handlers<typeof identifyRoutes, Remembering> = {
  /** Answers a signed-in user's contact. A visitor who signs in gets the user's contact, and the visitor ends. */
  async identifyUser(request, deps) {
    const { settings, tokens, clock } = deps;
    const visitorToken = await visitorTokenIn(request);
    const claims = verifiedClaims(request.header('authorization'), request.claims, settings.claims);
    const { userId, change } = signIn(claims, settings.claims, clock.now());
    const answer = await contactOf({ kind: 'user', userId }, () => change, deps);
    const visitorId = visitorToken && answer.outcome !== 'pending' ? await tokens.visitorOf(visitorToken) : undefined;
    if (visitorId) await promote(visitorId, userId, policyOf(settings), deps);
    return answered(answer, deps, {});
  },

  /** Answers a visitor's contact. Even a failure carries a token with which the browser stays the same visitor. */
  async identifyVisitor(request, deps) {
    const { tokens } = deps;
    requireJson(request);
    const visitorToken = await visitorTokenIn(request);
    const visitorId = await (typeof visitorToken === 'string'
      ? tokens.visitorOf(visitorToken)
      : newVisitor(request.address, deps));
    if (visitorId === undefined) throw new Refused('visitor_token_invalid');
    const members = { visitorToken: await tokens.issue(visitorId) };
    const subject = { kind: 'visitor', visitorId } as const;
    const answer = await contactOf(subject, undefined, deps).catch((error: unknown) => {
      throw error instanceof Unavailable ? error.with(members) : error;
    });
    return answered(answer, deps, members);
  },

  /** The back end reports a whole user and gets the user's contact. */
  async putUser(request, deps) {
    const subject = { kind: 'user', userId: namedUser(request) } as const;
    // An empty object means a user without fields; an empty body is a mistake.
    if (request.bytes().length === 0) throw new Refused('body_invalid', { flaws: [noBody] });
    const { userBodySchema } = await bodySchemas();
    const body = readBody(userBodySchema, request.body());
    const { changeOf, unusable } = readUpdate(body, request.requestedAtMs);
    const members: Pick<AnswerTo<'putUser'>['body'], 'unusable' | 'isOutdated'> =
      unusable.length > 0 ? { unusable } : {};
    const tell: ChangeOf = (link) => {
      const change = changeOf(link?.reports);
      if (link && isOutdated(link.reports, change)) members.isOutdated = true;
      return change;
    };
    try {
      return answered(await contactOf(subject, tell, deps), deps, members);
    } catch (error) {
      // The back office is told how the user stands; to be refused the id is a failure of the user's own sign-in alone.
      if (!(error instanceof Refused && error.code === 'user_disabled')) throw error;
      return { status: 200, body: { outcome: 'disabled', ...members } };
    }
  },

  getLoader: getLoaderFile,
  getLoaderFile,
  getHealth: async () => ({ status: 200, body: { status: 'ok' } }),

  /** The gateway adds its CORS headers to a success, for the origins that may have them (AWS, "Configure CORS for HTTP APIs"). */
  preflight: async () => ({ status: 204 }),
};

/** The job `identify`: who is this, and which contact is theirs (design §6, §9). */
export const identify = (deps: IdentifyDeps): HttpHandler =>
  httpJob(identifyRoutes, handlers, { ...deps, spent: { hour: '', accounts: new Set<string>() } });

/** Computes what a sign-in computes, for nobody: what runs once here is compiled while Lambda starts the process, and not while somebody waits. */
function rehearse(settings: Settings, clock: Clock): void {
  const { name, email, userId } = settings.claims;
  const claims = { [userId]: 'nobody', ...(name && { [name]: 'N' }), ...(email && { [email]: 'n@corp.example' }) };
  const { change } = signIn({ ...claims, iat: 1 }, settings.claims, clock.now());
  draft({ kind: 'user', userId: 'nobody' }, undefined, change, policyOf(settings));
}

export const handler = lambda(identifyEnv, ({ env, settings, file }) => {
  const log = jsonLog('identify');
  const clock = systemClock;
  const secrets = secretsManager();
  const contacts = maiAgent(env, settings, secrets, httpSender(), clock, log);
  const tokens = visitorTokens(storedSecret(secrets, env.VISITOR_SIGNING_SECRET), clock);
  const client = dynamoDb();
  const withdrawals = withdrawalsOf(settings.sources, client, env.LINKS_TABLE);
  const links = new DynamoLinkTable(client, env.LINKS_TABLE, clock, withdrawals);
  const loader: IdentifyDeps['loader'] = (name) => {
    try {
      return file(`loader/${name}`);
    } catch {
      return undefined;
    }
  };
  rehearse(settings, clock);
  const job = identify({ settings, tokens, links, contacts, clock, log, random: Math.random, loader });
  return Object.assign(job, { start: () => links.read('start') });
});
