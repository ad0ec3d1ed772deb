import { defineStage, type StageConfig } from '../config.ts';

/** What a local stage may be told; what is left out is as below, or as everywhere. */
export type LocalChoices = Pick<
  StageConfig,
  | 'leaseMs'
  | 'sendBudgetMs'
  | 'visitorsPerHour'
  | 'sources'
  | 'maiAgentLimits'
  | 'broadcasts'
  | 'auditDays'
  | 'restoredTables'
> & {
  /** Sites that may call the API beside those of this machine. */
  readonly origins?: readonly string[];
};

/** What the local runner knows only when it starts. */
interface LocalStage extends LocalChoices {
  /** The port of the API, the issuer and the demo page on this machine. */
  readonly port: number;
  readonly maiAgentBaseUrl: string;
  readonly maiAgentApiPrefix: '/api/v1' | '/api';
  readonly inboxId: string;
  readonly webChat: StageConfig['webChat'];
}

/** Sample knowledge bases; the emulator takes any UUID. */
const handbook = '5a3cf0f1-3f3e-4b8b-9a51-0d6a3b1c7e01';
const staffOnly = '5a3cf0f1-3f3e-4b8b-9a51-0d6a3b1c7e02';
const engineering = '5a3cf0f1-3f3e-4b8b-9a51-0d6a3b1c7e03';
const headOffice = '5a3cf0f1-3f3e-4b8b-9a51-0d6a3b1c7e04';

/** What the demo page calls them; MaiAgent's contacts carry ids alone. */
export const knowledgeBaseNames: Readonly<Record<string, string>> = {
  [handbook]: 'Handbook',
  [staffOnly]: 'Staff only',
  [engineering]: 'Engineering',
  [headOffice]: 'Head office',
};

const all = (id: string) => ({ id, files: 'all', faqs: 'all' }) as const;

/** As much as a gateway gives an account by default, so that load on one's own machine measures the functions. */
const generous = { ratePerSecond: 10_000, burst: 5_000 };

/**
 * The stage that `npm start` runs: its own issuer, sample rules of each kind (a role, a group, an attribute), the source of
 * changes `generic`, and a lease shorter than a real MaiAgent allows. It is never deployed.
 */
export function localStage(local: LocalStage): StageConfig {
  // MaiAgent is near: nobody wants to wait 90 s for a broken attempt to end, and nobody has to be spared.
  const { port, leaseMs = 20_000, sendBudgetMs = 8_000, visitorsPerHour = 1_000 } = local;
  const { maiAgentLimits = { requestsPerSecond: 50 }, broadcasts = { requestsPerSecond: 50, callMs: 8_000 } } = local;
  return defineStage({
    stage: 'local',
    maiAgent: { baseUrl: local.maiAgentBaseUrl, apiPrefix: local.maiAgentApiPrefix, inboxId: local.inboxId },
    tokens: { issuer: `http://localhost:${port}`, audience: ['contact-bridge'] },
    origins: [`http://localhost:${port}`, `http://127.0.0.1:${port}`, ...(local.origins ?? [])],
    webChat: local.webChat,
    claims: { attributes: { office: 'office' } },
    permissions: {
      none: { knowledgeBases: [all(handbook)] },
      rules: [
        { when: { role: 'staff' }, grant: { knowledgeBases: [all(handbook), all(staffOnly)] } },
        { when: { group: 'engineering' }, grant: { knowledgeBases: [all(handbook), all(engineering)] } },
        { when: { attribute: 'office', equals: 'head' }, grant: { knowledgeBases: [all(handbook), all(headOffice)] } },
      ],
    },
    metadata: ['office'],
    sources: [{ kind: 'generic', name: 'generic' }, ...(local.sources ?? [])],
    maiAgentLimits,
    broadcasts,
    auditDays: local.auditDays,
    restoredTables: local.restoredTables,
    visitorsPerHour,
    // All clients are this machine.
    visitorsPerHourAndNetwork: Math.max(1, visitorsPerHour),
    leaseMs,
    sendBudgetMs,
    logRetentionDays: 1,
    throttle: {
      default: generous,
      identity: generous,
      users: generous,
      visitors: { ratePerSecond: 50, burst: 100 },
      webhooks: generous,
      scim: generous,
      preflights: generous,
    },
  });
}
