import * as z from 'zod/mini';
import { uuidSchema } from './rules/id-schemas.ts';
import { maxLength, minLength } from './rules/length.ts';
import { permissionRulesSchema } from './rules/permission-rules.ts';
import { apiOriginRules, isSafeUrl } from './rules/safe-url.ts';
import { sourceSchema } from './rules/sources/source.ts';

export { COGNITO_OPERATIONS } from './rules/sources/cognito.ts';

/** Where MaiAgent is, and which inbox is ours, as a stage says it. */
export const maiAgentPlace = {
  baseUrl: z.url().check(...apiOriginRules.map(([holds, otherwise]) => z.refine<string>(holds, otherwise))),
  apiPrefix: z.enum(['/api/v1', '/api']),
  inboxId: uuidSchema,
};

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
  /** For how many days what a stream gave up is kept in the bucket. What is in the table waits for a person. */
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
