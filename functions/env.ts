import { minGapBetweenRunsMs } from './rules/broadcasts/evidence.ts';
import { keyOf, testsIn } from './rules/contacts/permissions.ts';
import { apiOriginRules } from './rules/safe-url.ts';
import { uuidOf } from './rules/uuid.ts';
import type { Speed } from './rules/broadcasts/run.ts';
import type { Settings } from './settings.ts';
import { tells, witness, type Witness } from './rules/contacts/believe.ts';
import type { ContactPolicy } from './rules/contacts/desired.ts';
import { API, TOKEN } from './rules/contacts/reports.ts';
import { shownKey } from './rules/contacts/told.ts';
import { claimPaths } from './rules/contacts/token-claims.ts';
import { plainPaths } from './rules/contacts/read-fields.ts';

export type { Settings };

/** The functions of `broadcast` at once: one more than the setting, so that a schedule that fires finds a place while they send. */
export const broadcastWorkers = ({ concurrency }: Settings['broadcasts']): number => concurrency + 1;

/** How long each function of `sync` waits from one request to the next, in ms: its part of the whole rate. */
export const syncIntervalMs = ({ maiAgentLimits }: Pick<Settings, 'maiAgentLimits'>): number =>
  (1_000 * maiAgentLimits.concurrency) / maiAgentLimits.requestsPerSecond;

/** A search, a create and a look at what was made: what a new contact takes of MaiAgent under one lease. */
export const REQUESTS_OF_A_CONTACT = 3;

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

/** What is wrong with the text of a variable that is there; `undefined` where nothing is. Plain, because a schema costs each start a tenth. */
type Check = (text: string) => string | undefined;
/** The variables of a function, each with its check. */
export type Variables<Env = Readonly<Record<string, string>>> = { readonly [Name in keyof Env]: Check };

const any: Check = () => undefined;

export interface AuthorizeEnv {
  readonly TOKEN_ISSUER: string;
  /** A list of texts as JSON. */
  readonly TOKEN_AUDIENCE: string;
  /** The issuer's public keys as JSON: `{"url": "…"}` where they are fetched, `{"keys": [...]}` where they are pinned. */
  readonly TOKEN_KEYS: string;
}
/** The variables of the authorize function, which stands at the door where the gateway's own authorizer cannot. */
export const authorizeEnv: Variables<AuthorizeEnv> = { TOKEN_ISSUER: any, TOKEN_AUDIENCE: any, TOKEN_KEYS: any };

/** The variables of every function that talks to MaiAgent. */
interface MaiAgentEnv {
  readonly LINKS_TABLE: string;
  readonly MAIAGENT_BASE_URL: string;
  readonly MAIAGENT_API_PREFIX: '/api/v1' | '/api';
  readonly MAIAGENT_INBOX_ID: string;
  /** The id of the secret that holds MaiAgent's API key, as plain text. */
  readonly MAIAGENT_API_KEY_SECRET: string;
}
const maiAgentEnv: Variables<MaiAgentEnv> = {
  LINKS_TABLE: any,
  MAIAGENT_BASE_URL: (text) => apiOriginRules.find(([holds]) => !holds(text))?.[1],
  MAIAGENT_API_PREFIX: (text) => (['/api/v1', '/api'].includes(text) ? undefined : 'must be /api/v1 or /api'),
  MAIAGENT_INBOX_ID: (text) => (uuidOf(text) === text ? undefined : 'must be a UUID in small letters'),
  MAIAGENT_API_KEY_SECRET: any,
};

export interface IdentifyEnv extends MaiAgentEnv {
  /** The id of the secret that signs visitor tokens. */
  readonly VISITOR_SIGNING_SECRET: string;
}
/** The variables of the identify function. */
export const identifyEnv: Variables<IdentifyEnv> = { ...maiAgentEnv, VISITOR_SIGNING_SECRET: any };

export interface UserChangedEnv {
  readonly LINKS_TABLE: string;
  /** The id of the secret that holds every source's secrets: `{"<source>": ["…", …]}`. */
  readonly SOURCE_SECRETS: string;
}
/** The variables of the functions user-changed and scim, which never talk to MaiAgent. */
export const userChangedEnv: Variables<UserChangedEnv> = { LINKS_TABLE: any, SOURCE_SECRETS: any };

export interface SyncEnv extends MaiAgentEnv {
  readonly BROADCASTS_TABLE: string;
}
/** The variables of the sync function, which erases people from ledgers too, and of the manage function. */
export const syncEnv: Variables<SyncEnv> = { ...maiAgentEnv, BROADCASTS_TABLE: any };

export interface BroadcastEnv extends SyncEnv {
  /** The group of EventBridge Scheduler that holds one schedule for each broadcast, and the role by which they call the function. */
  readonly SCHEDULE_GROUP: string;
  readonly SCHEDULE_ROLE_ARN: string;
}
/** The variables of the broadcast function, which alone has schedules and sends. */
export const broadcastEnv: Variables<BroadcastEnv> = { ...syncEnv, SCHEDULE_GROUP: any, SCHEDULE_ROLE_ARN: any };
