import * as z from 'zod/mini';
import { minGapBetweenRunsMs } from './rules/broadcasts/evidence.ts';
import { keyOf, permissionRulesSchema, testsIn } from './rules/contacts/permissions.ts';
import { isSafeUrl } from './rules/safe-url.ts';
import { uuidSchema } from './rules/uuid.ts';
import type { Speed } from './rules/broadcasts/run.ts';
import { sourceSchema } from './rules/sources/source.ts';

export { COGNITO_OPERATIONS } from './rules/sources/cognito.ts';
import { tells, witness, type Witness } from './rules/contacts/believe.ts';
import type { ContactPolicy } from './rules/contacts/desired.ts';
import { API, TOKEN } from './rules/contacts/reports.ts';
import { shownKey } from './rules/contacts/told.ts';
import { claimPaths } from './rules/contacts/token-claims.ts';
import { plainPaths } from './rules/contacts/described-fields.ts';
import { maxLength, minLength } from './rules/length.ts';

/** An origin for the API key: HTTPS, or loopback for a machine of one's own; never a host of `maiagent.com` (old documents name it). */
export const maiAgentOrigin = z.url().check(
  z.refine((text) => URL.parse(text)?.origin === text, 'must be an origin: scheme, host and port, nothing after them'),
  z.refine(isSafeUrl, 'must be https, because the API key travels there; plain http is allowed for loopback alone'),
  z.refine(
    (text) => !/(^|\.)maiagent\.com\.*$/.test(URL.parse(text)?.hostname ?? ''),
    'is not MaiAgent: the API is at https://api.maiagent.ai',
  ),
);

/** What a page loads and opens: whoever could change it on the way would sit in the chat as the person. */
const pageUrl = z.url().check(z.refine(isSafeUrl, 'must be https; plain http is allowed for loopback alone'));

const claimName = z.string().check(minLength(1), maxLength(256));
const claimOrNone = z.union([z.literal(false), claimName]);

/** What a deployment says, in `settings.json`: a function's variables hold 4 KB (AWS, "Lambda quotas"), and permission rules need more. */
export const settingsSchema = z.strictObject({
  /** The number of the deployment: each later one is higher. `sync` evaluates every link again under the settings of the highest. */
  deployment: z.int().check(z.gte(1)),
  /** The claims that carry the user, by name (`https://corp.example/roles`) or path (`realm_access.roles`); `false` for what tokens do not tell. */
  claims: z.strictObject({
    userId: claimName,
    name: claimOrNone,
    email: claimOrNone,
    phoneNumber: claimOrNone,
    avatar: claimOrNone,
    roles: claimOrNone,
    groups: claimOrNone,
    /** Attribute name to claim name. */
    attributes: z.record(claimName, claimName),
  }),
  /**
   * The clients that may use the back office's routes. Left out, any with the scope: an issuer that gives it to people would let them
   * disable anybody.
   */
  backOfficeClients: z.optional(z.array(claimName).check(maxLength(50))),
  /** How the issuer writes `contacts.*` and `broadcasts.*`, where it does not write them as they are in `scope` or `scp`. */
  scopes: z.optional(
    z.strictObject({
      prefix: z.optional(z.string().check(z.regex(/^[\x21\x23-\x5a\x5e-\x7e]{1,128}$/))),
      claim: z.optional(z.string().check(z.regex(/^[A-Za-z][\w:./-]{0,127}$/))),
    }),
  ),
  /** The scope that signs a person in, where the job `authorize` stands at the door; the gateway's own checks it itself. */
  userScope: z.optional(z.string().check(maxLength(256))),
  permissions: permissionRulesSchema,
  /** Attributes that are shown in MaiAgent's panel about the contact, by name. */
  metadata: z.array(claimName).check(maxLength(50)),
  /** The sources of changes, strongest first. */
  sources: z.array(sourceSchema).check(
    maxLength(20),
    z.refine(
      (all) => new Set(all.map(({ name }) => name)).size === all.length,
      'must have names of their own, each once',
    ),
  ),
  /** In which order sources, `api` and `token` are believed: the first that tells a field decides. Left out: the declared ones, `api`, `token`. */
  order: z.optional(z.array(z.string()).check(maxLength(22))),
  /** How a field is cleared at MaiAgent, whose documents leave it open: its samples show both `""` and `null`. */
  clearWith: z.enum(['empty', 'null']),
  /** What the page needs to open the chat (MaiAgent, "Web Chat SDK"). */
  webChat: z.strictObject({
    webChatId: z.string().check(minLength(1), maxLength(128)),
    baseUrl: pageUrl,
    scriptUrl: pageUrl,
    primaryColor: z.optional(z.string().check(maxLength(64))),
    allowDrag: z.optional(z.boolean()),
    buttonSize: z.optional(z.string().check(maxLength(16))),
    buttonRadius: z.optional(z.string().check(maxLength(16))),
  }),
  /** How many visitors all strangers together may create in an hour. */
  visitorsPerHour: z.int().check(z.gte(0), z.lte(1_000_000)),
  /** How many of them may come from one network (an IPv4 address, the /64 of an IPv6 one). */
  visitorsPerHourAndNetwork: z.int().check(z.gte(1), z.lte(1_000_000)),
  /** After how many days without a visit a visitor ends. Tokens live for 180 days. */
  visitorDays: z.int().check(z.gte(1), z.lte(180)),
  /** For how many days what was quarantined is kept, in the table and in the bucket. */
  quarantineDays: z.int().check(z.gte(7), z.lte(3_650)),
  logRetentionDays: z.int(),
  /** Whether CloudFront stands in front and says who asks; without it that header is anybody's word. */
  isBehindEdge: z.boolean(),
  /** What MaiAgent may be asked by `sync` in all: functions at once, and requests a second over all of them. */
  maiAgentLimits: z.strictObject({
    concurrency: z.int().check(z.gte(1), z.lte(50)),
    requestsPerSecond: z.number().check(z.gt(0), z.lte(500)),
  }),
  broadcasts: z.strictObject({
    /** What MaiAgent may be asked by `broadcast` in all: functions at once, and requests a second over all of them. */
    concurrency: z.int().check(z.gte(1), z.lte(50)),
    requestsPerSecond: z.number().check(z.gt(0), z.lte(500)),
    /** How long MaiAgent may take to send one message to 50 contacts, in ms. */
    callMs: z.int().check(z.gte(500), z.lte(60_000)),
    /** For how many days after its end a run and its ledger are kept. A batch that is done with may wait for its run for three days. */
    retentionDays: z.int().check(z.gte(7), z.lte(3_650)),
  }),
  /** In how many days every contact is read again once, to find what was changed at MaiAgent. */
  auditDays: z.int().check(z.gte(1), z.lte(90)),
  /** How long one writer owns the right to write to MaiAgent, in ms; design §5 says what it must exceed. */
  leaseMs: z.int().check(z.gte(1_000), z.lte(600_000)),
  /** How long after its start a lease may still be used to send, in ms. */
  sendBudgetMs: z.int().check(z.gte(500), z.lte(20_000)),
});
export type Settings = z.infer<typeof settingsSchema>;

/** The functions of `broadcast` at once: one more than the setting, so that a schedule that fires finds a place while they send. */
export const broadcastWorkers = ({ concurrency }: Settings['broadcasts']): number => concurrency + 1;

/** How long a request may be under way at MaiAgent after its caller gave it up, in ms. */
export const reserveMsOf = (terms: Pick<Settings, 'leaseMs' | 'sendBudgetMs'>) => terms.leaseMs - terms.sendBudgetMs;

/** What each function of `broadcast` may ask of MaiAgent. */
export const speedOf = (settings: Pick<Settings, 'broadcasts' | 'leaseMs' | 'sendBudgetMs'>): Speed => {
  const { requestsPerSecond, callMs } = settings.broadcasts;
  return {
    requestsPerSecond: requestsPerSecond / broadcastWorkers(settings.broadcasts),
    callMs,
    minGapBetweenRunsMs: minGapBetweenRunsMs(callMs, reserveMsOf(settings)),
  };
};

/** The part of the settings that decides what a contact should be. */
export function policyOf(settings: Settings): ContactPolicy {
  const known = policies.get(settings);
  if (known) return known;
  const { permissions, metadata, deployment } = settings;
  const policy = { permissions, metadata, witnesses: witnessesOf(settings), deployment };
  policies.set(settings, policy);
  return policy;
}
/** Settings are read once for each process, and asked for in each request. */
const policies = new WeakMap<Settings, ContactPolicy>();

/** The sources in the order in which they are believed, with the fields that each one is declared to tell. */
function witnessesOf({ claims, sources, order }: Pick<Settings, 'claims' | 'sources' | 'order'>): Witness[] {
  const declared = new Map(sources.map((one) => [one.name, witness(one.name, one.fields, 'read' in one && one.read)]));
  const all = declared.set(API, witness(API, plainPaths)).set(TOKEN, witness(TOKEN, claimPaths(claims)));
  const standard = [...sources.map(({ name }) => name), API, TOKEN];
  return (order ?? standard).flatMap((name) => all.get(name) ?? []);
}

/**
 * The tests of rules over a field that nobody tells, with their rule's place. `backEnd` are the attributes that the back end is declared to
 * send; where it is not declared, it tells nothing that a rule may test.
 */
export function testsNobodyTells(
  settings: Pick<Settings, 'claims' | 'sources' | 'order' | 'permissions'>,
  backEnd: readonly string[] | undefined,
): { readonly rule: number; readonly field: string }[] {
  const { fields } = witness(API, plainPaths);
  const others = witnessesOf(settings).filter(({ source }) => source !== API);
  const tellers = [...others, ...(backEnd ? [{ fields, attributes: backEnd }] : [])];
  return settings.permissions.rules.flatMap(({ when }, rule) =>
    testsIn(when)
      .map(keyOf)
      .filter((key) => !tellers.some((one) => tells(one, key)))
      .map((key) => ({ rule, field: shownKey(key) })),
  );
}

/** The variables of the authorize function, which stands at the door where the gateway's own authorizer cannot. */
export const authorizeEnv = z.object({
  TOKEN_ISSUER: z.string().check(minLength(1)),
  /** A list of texts as JSON. */
  TOKEN_AUDIENCE: z.string().check(minLength(1)),
  /** The issuer's public keys as JSON: `{"url": "…"}` where they are fetched, `{"keys": [...]}` where they are pinned. */
  TOKEN_KEYS: z.string().check(minLength(1)),
});
export type AuthorizeEnv = z.infer<typeof authorizeEnv>;

/** The variables of every function that talks to MaiAgent. */
const maiAgentEnv = z.object({
  LINKS_TABLE: z.string().check(minLength(1)),
  MAIAGENT_BASE_URL: maiAgentOrigin,
  MAIAGENT_API_PREFIX: z.enum(['/api/v1', '/api']),
  MAIAGENT_INBOX_ID: uuidSchema,
  /** The id of the secret that holds MaiAgent's API key, as plain text. */
  MAIAGENT_API_KEY_SECRET: z.string().check(minLength(1)),
});

/** The variables of the identify function. */
export const identifyEnv = z.extend(maiAgentEnv, {
  /** The id of the secret that signs visitor tokens. */
  VISITOR_SIGNING_SECRET: z.string().check(minLength(1)),
});
export type IdentifyEnv = z.infer<typeof identifyEnv>;

/** The variables of the functions user-changed and scim, which never talk to MaiAgent. */
export const userChangedEnv = z.object({
  LINKS_TABLE: z.string().check(minLength(1)),
  /** The id of the secret that holds every source's secrets: `{"<source>": ["…", …]}`. */
  SOURCE_SECRETS: z.string().check(minLength(1)),
});
export type UserChangedEnv = z.infer<typeof userChangedEnv>;

/** The variables of the sync function, which erases people from ledgers too, and of the manage function. */
export const syncEnv = z.extend(maiAgentEnv, { BROADCASTS_TABLE: z.string().check(minLength(1)) });
export type SyncEnv = z.infer<typeof syncEnv>;

/** The variables of the broadcast function, which alone has schedules and sends. */
export const broadcastEnv = z.extend(syncEnv, {
  /** The group of EventBridge Scheduler that holds one schedule for each broadcast, and the role by which they call the function. */
  SCHEDULE_GROUP: z.string().check(minLength(1)),
  SCHEDULE_ROLE_ARN: z.string().check(minLength(1)),
});
export type BroadcastEnv = z.infer<typeof broadcastEnv>;
