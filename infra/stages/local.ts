import { defineStage, type StageConfig } from '../config.ts';

/** What the local runner knows only when it starts. */
export interface LocalStage {
  /** The port of the API, the issuer and the demo page on this machine. */
  readonly port: number;
  readonly maiAgentBaseUrl: string;
  readonly maiAgentApiPrefix: '/api/v1' | '/api';
  readonly inboxId: string;
  readonly webChat: StageConfig['webChat'];
  /** 20 000 where it is left out: MaiAgent is near, and nobody wants to wait 90 s for a broken attempt to end. */
  readonly leaseMs?: number;
  /** 8 000 where it is left out. */
  readonly sendBudgetMs?: number;
  /** 1 000 where it is left out. */
  readonly visitorsPerHour?: number;
  readonly throttle?: StageConfig['throttle'];
  /** More sources of changes than `generic`. */
  readonly sources?: StageConfig['sources'];
  /** Two functions at once, as everywhere, but 50 requests a second, where it is left out: the emulator is near and nobody's to spare. */
  readonly maiAgentLimits?: StageConfig['maiAgentLimits'];
  /**
   * As everywhere, but 50 requests a second, and 8 000 ms for a call, where it is left out: nobody wants to wait a minute to see what
   * becomes of a call that was cut off.
   */
  readonly broadcasts?: StageConfig['broadcasts'];
  /** 7 where it is left out. */
  readonly auditDays?: number;
}

/** Sample knowledge bases; the emulator takes any UUID. */
const handbook = '5a3cf0f1-3f3e-4b8b-9a51-0d6a3b1c7e01';
const staffOnly = '5a3cf0f1-3f3e-4b8b-9a51-0d6a3b1c7e02';
const engineering = '5a3cf0f1-3f3e-4b8b-9a51-0d6a3b1c7e03';
const headOffice = '5a3cf0f1-3f3e-4b8b-9a51-0d6a3b1c7e04';

const all = (id: string) => ({ id, files: 'all', faqs: 'all' }) as const;

/** As much as a gateway gives an account by default, so that load on one's own machine measures the functions. */
const generous = { ratePerSecond: 10_000, burst: 5_000 };
const generousThrottle = {
  default: generous,
  identity: generous,
  users: generous,
  visitors: { ratePerSecond: 50, burst: 100 },
  webhooks: generous,
  preflights: generous,
};

/**
 * The stage that `npm start` runs: its own issuer, sample rules of each kind (a role, a group, an attribute), the source of
 * changes `generic`, and a lease shorter than a real MaiAgent allows. It is never deployed.
 */
export function localStage(local: LocalStage): StageConfig {
  const { port, leaseMs = 20_000, sendBudgetMs = 8_000, visitorsPerHour = 1_000 } = local;
  return defineStage({
    stage: 'local',
    maiAgent: { baseUrl: local.maiAgentBaseUrl, apiPrefix: local.maiAgentApiPrefix, inboxId: local.inboxId },
    tokens: { issuer: `http://localhost:${port}`, audience: ['contact-bridge'] },
    origins: [`http://localhost:${port}`, `http://127.0.0.1:${port}`],
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
    maiAgentLimits: local.maiAgentLimits ?? { requestsPerSecond: 50 },
    broadcasts: local.broadcasts ?? { requestsPerSecond: 50, callMs: 8_000 },
    ...(local.auditDays !== undefined && { auditDays: local.auditDays }),
    visitorsPerHour,
    // All clients are this machine.
    visitorsPerHourAndNetwork: Math.max(1, visitorsPerHour),
    leaseMs,
    sendBudgetMs,
    logRetentionDays: 1,
    throttle: local.throttle ?? generousThrottle,
  });
}
