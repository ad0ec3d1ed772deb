import * as z from 'zod/mini';
import { minGapBetweenRunsMs } from './rules/broadcasts/evidence.ts';
import { keyOf, testsIn } from './rules/contacts/permissions.ts';
import { isSafeUrl } from './rules/safe-url.ts';
import { uuidSchema } from './rules/uuid.ts';
import type { Speed } from './rules/broadcasts/run.ts';
import type { Settings } from './settings.ts';
import { tells, witness, type Witness } from './rules/contacts/believe.ts';
import type { ContactPolicy } from './rules/contacts/desired.ts';
import { API, TOKEN } from './rules/contacts/reports.ts';
import { shownKey } from './rules/contacts/told.ts';
import { claimPaths } from './rules/contacts/token-claims.ts';
import { plainPaths } from './rules/contacts/described-fields.ts';
import { minLength } from './rules/length.ts';

export type { Settings };

/** An origin for the API key: HTTPS, or loopback for a machine of one's own; never a host of `maiagent.com` (old documents name it). */
export const maiAgentOrigin = z.url().check(
  z.refine((text) => URL.parse(text)?.origin === text, 'must be an origin: scheme, host and port, nothing after them'),
  z.refine(isSafeUrl, 'must be https, because the API key travels there; plain http is allowed for loopback alone'),
  z.refine(
    (text) => !/(^|\.)maiagent\.com\.*$/.test(URL.parse(text)?.hostname ?? ''),
    'is not MaiAgent: the API is at https://api.maiagent.ai',
  ),
);

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
