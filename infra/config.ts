import * as z from 'zod';
import { broadcastWorkers, REQUESTS_OF_A_CONTACT, type Settings } from '../functions/env.ts';
import { maiAgentPlace, settingsSchema } from '../functions/settings.ts';
import { deployment } from './deployment.ts';
import { isSafeOrigin, isSafeUrl } from '../functions/rules/safe-url.ts';
import { stageSources, untoldTests, withOrder } from './stage-sources.ts';
import { streamMistakes } from './stage-streams.ts';

const { order: _, userScope: __, deployment: ___, ...settings } = settingsSchema.shape;

/** The stages whose data may be thrown away: their table and secrets are deleted with the stack. */
const disposableStages = new Set(['dev', 'local']);

/** The one stage that runs on a developer's machine and is never deployed. */
const localStageName = 'local';

/** A lease must outlive the last send by this much: a request's longest life at MaiAgent, indexing and clock error (design §5). */
const leaseReserveMs = 30_000;

/** The periods that CloudWatch Logs knows (AWS, "PutRetentionPolicy"). */
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const exactOrigin = z.string().refine(isSafeOrigin, {
  error:
    'must be one exact origin, such as https://portal.corp.example: https (or http on loopback), no path, no wildcard',
});

/** A list of one to fifty. Refined, because zod's own lengths are also compared in what is no list and no text (see rules/length.ts). */
const oneToFifty = <Item extends z.ZodType>(item: Item) =>
  z.array(item).refine(({ length }) => length >= 1 && length <= 50, { error: 'must have one to fifty entries' });

/** One scope (RFC 6749 §3.3). */
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'must be one scope, without spaces');

const audience = z.string().refine((text) => text !== '', { error: 'must not be empty' });

const issuer = z
  .url({ error: 'must be the address that the tokens carry as "iss", such as https://login.corp.example/' })
  .refine((text) => !URL.canParse(text) || isSafeUrl(text), {
    error: 'must be https: the gateway reads the signing keys from there',
  })
  .refine((text) => !text.includes('/.well-known/'), {
    error: 'must be the issuer itself, not the address of its discovery document: leave out /.well-known/… at the end',
  });

const keysUrl = z.string().refine(isSafeUrl, 'must be https');

/** A public key (RFC 7517) by which its token can name it; anything of a private key has no place here. */
const publicKey = z
  .looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']), kid: z.string().min(1) })
  .refine((key) => !('d' in key), 'is a private key: give the public one');

/** How many requests a second a route takes, and how many at once on top of that before it answers 429. */
const throttle = z.strictObject({ ratePerSecond: z.number().positive().max(10_000), burst: z.int().min(1).max(5_000) });

const standardClaims = {
  userId: 'sub',
  name: 'name',
  email: 'email',
  phoneNumber: 'phone_number',
  avatar: 'picture',
  roles: 'roles',
  groups: 'groups',
  attributes: {},
};

const webChatDefaults = {
  baseUrl: 'https://chat.maiagent.ai/web-chats',
  scriptUrl: 'https://chat.maiagent.ai/js/embed.min.js',
};

/** What MaiAgent is asked. */
const pace = { concurrency: 2, requestsPerSecond: 5 };

const settingDefaults = {
  metadata: [] as string[],
  clearWith: 'empty' as const,
  visitorDays: 90,
  quarantineDays: 400,
  visitorsPerHour: 1_000,
  visitorsPerHourAndNetwork: 100,
  isBehindEdge: false,
  auditDays: 7,
  leaseMs: 90_000,
  sendBudgetMs: 15_000,
};

/** The fields of an object, of which some may be left out. */
function withDefaults<Shape extends Readonly<Record<string, z.core.$ZodType>>, Defaults extends object>(
  shape: Shape,
  defaults: Defaults & { readonly [Name in keyof Defaults & keyof Shape]: z.input<Shape[Name]> },
) {
  const known = new Map<string, unknown>(Object.entries(defaults));
  const fields = Object.entries(shape).map(([name, schema]) => [
    name,
    known.has(name) ? z.prefault(schema, known.get(name)) : schema,
  ]);
  return Object.fromEntries(fields) as {
    [Name in keyof Shape]: Name extends keyof Defaults ? z.ZodPrefault<Shape[Name]> : Shape[Name];
  };
}

/** A function that asks more rarely comes to no end: `sync` with a new contact within its budget, `broadcast` with a conversation that it reads. */
function paceMistakes({
  maiAgentLimits,
  broadcasts,
  sendBudgetMs,
}: Pick<Settings, 'maiAgentLimits' | 'broadcasts' | 'sendBudgetMs'>) {
  const ways = { maiAgentLimits, broadcasts };
  const least = {
    maiAgentLimits: (maiAgentLimits.concurrency * REQUESTS_OF_A_CONTACT * 1_000) / sendBudgetMs,
    broadcasts: broadcastWorkers(broadcasts) / 5,
  };
  return (['maiAgentLimits', 'broadcasts'] as const)
    .filter((way) => ways[way].requestsPerSecond < least[way])
    .map((way) => ({
      path: [way],
      message: `must have requestsPerSecond of at least ${Math.ceil(least[way] * 100) / 100} for a concurrency of ${ways[way].concurrency}: each function has its part of it`,
    }));
}

/** Which stage it is, and where it stands: all that must be right of one that is taken down. */
export const placedStageSchema = z.object({
  /** Names the stack: `contact-bridge-<stage>`. A second audience is a second stage. */
  stage: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be 1 to 31 small letters, digits and hyphens, a letter first'),
  aws: deployment.aws,
});

/** With a domain the API has no other address any more. */
const edgeMistakes = ({ domain, edge }: { readonly domain?: { name: string }; readonly edge?: { apiUrl: string } }) =>
  !domain || !edge || [domain.name, undefined].includes(URL.parse(edge.apiUrl)?.hostname)
    ? []
    : [{ path: ['edge', 'apiUrl'], message: `must be https://${domain.name}: the API answers there alone` }];

/** Everything that one deployment needs to be told. Defaults are the documented public service and the standard OIDC claims. */
export const stageSchema = z
  .strictObject({
    ...placedStageSchema.shape,
    maiAgent: z.strictObject({
      baseUrl: z.prefault(maiAgentPlace.baseUrl, 'https://api.maiagent.ai'),
      /** `/api` for a private deployment without `/v1`. */
      apiPrefix: z.prefault(maiAgentPlace.apiPrefix, '/api/v1'),
      inboxId: maiAgentPlace.inboxId,
    }),
    /** Whose tokens are believed: the OIDC issuer, and the audiences of which a token must carry one. */
    tokens: z.strictObject({
      issuer,
      audience: oneToFifty(audience),
      /** The scope that a token must have to sign a person in; without it every token of the audience does, a service's too. */
      userScope: scope.optional(),
      /** Where API Gateway cannot verify tokens (issuer on an intranet, no RSA): the keys, pinned, or their address, which `authorize` must reach. */
      keys: z
        .union([z.strictObject({ url: keysUrl }), z.strictObject({ keys: z.array(publicKey).min(1).max(6) })])
        .optional(),
    }),
    /** The sites whose pages may call the API. */
    origins: oneToFifty(exactOrigin),
    ...withDefaults(settings, settingDefaults),
    webChat: z.strictObject(withDefaults(settings.webChat.shape, webChatDefaults)),
    claims: z.strictObject(withDefaults(settings.claims.shape, standardClaims)).prefault({}),
    sources: z.prefault(stageSources, []),
    /** CloudFront and WAF in front of the API, as a second stack in us-east-1 (docs/security.md). */
    edge: z
      .strictObject({
        /** The output `ApiUrl` of the deployment. */
        apiUrl: z.url({ protocol: /^https$/ }),
        /** Of one address; what is above gets a 429. WAF counts over five minutes. */
        requestsPer5Minutes: z.int().min(10).max(2_000_000).default(600),
      })
      .optional(),
    maiAgentLimits: z.strictObject(withDefaults(settings.maiAgentLimits.shape, pace)).prefault({}),
    broadcasts: z
      .strictObject(withDefaults(settings.broadcasts.shape, { ...pace, callMs: 60_000, retentionDays: 400 }))
      .prefault({}),
    logRetentionDays: z.literal(retentionDays).default(30),
    throttle: z
      .strictObject({
        /** Every route that has no line of its own. */
        default: throttle.default({ ratePerSecond: 100, burst: 200 }),
        identity: throttle.default({ ratePerSecond: 100, burst: 200 }),
        users: throttle.default({ ratePerSecond: 50, burst: 100 }),
        /** Low, because strangers call it. */
        visitors: throttle.default({ ratePerSecond: 5, burst: 20 }),
        /** As much as a store sends that changes many users at once; senders come again after a 429. */
        webhooks: throttle.default({ ratePerSecond: 100, burst: 200 }),
        /** A directory counts a 429 as a failure; Entra ID asks for 25 a second (Microsoft, "Develop a SCIM endpoint"). */
        scim: throttle.default({ ratePerSecond: 200, burst: 400 }),
        /** High, because every page's first request waits for its preflight, and an answer costs next to nothing. */
        preflights: throttle.default({ ratePerSecond: 500, burst: 500 }),
      })
      .prefault({}),
    /** Who is told when the bridge answers with errors; nobody where it is left out. */
    alarmEmail: z.email().optional(),
    ...deployment,
  })
  .refine(({ stage, leaseMs, sendBudgetMs }) => stage === localStageName || leaseMs >= sendBudgetMs + leaseReserveMs, {
    path: ['leaseMs'],
    error: `must be at least sendBudgetMs + ${leaseReserveMs}: a shorter lease can make two contacts for one user`,
  })
  .superRefine((stage, context) => {
    const mistakes = [...untoldTests(stage), ...streamMistakes(stage), ...paceMistakes(stage), ...edgeMistakes(stage)];
    for (const { path, message } of mistakes) context.addIssue({ code: 'custom', path, message });
  })
  .transform((stage) => ({ ...stage, ...withOrder(stage.sources) }));

/** What a stage file says; what is left out gets its default. */
export type StageConfig = z.input<typeof stageSchema>;
/** A checked configuration with every default filled in. */
export type Stage = z.output<typeof stageSchema>;

/** Gives a stage file full type help and returns it as it is; the check comes when the stage is synthesised. */
export function defineStage(config: StageConfig): StageConfig {
  return config;
}

/** What is true of people and chats in this stage, and the number of the deployment: the text of `settings.json`, beside each bundle. */
export function settingsOf(stage: Stage, deployment: number): Settings {
  const names = Object.keys(settingsSchema.shape) as (keyof Settings)[];
  const { userScope, keys } = stage.tokens;
  const all = { ...stage, userScope: keys && userScope, deployment };
  const said = names.filter((name) => all[name] !== undefined);
  return settingsSchema.parse(Object.fromEntries(said.map((name) => [name, all[name]])));
}

/** `contact-bridge-<stage>`: the name by which people and the CDK CLI know a deployment. */
export function stackNameOf({ stage }: Pick<Stage, 'stage'>): string {
  return `contact-bridge-${stage}`;
}

/** Whether this stage's data may be deleted together with its stack. */
export function isDisposable({ stage }: Pick<Stage, 'stage'>): boolean {
  return disposableStages.has(stage);
}
