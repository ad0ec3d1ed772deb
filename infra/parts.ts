import type { Stage } from './config.ts';
import type { BridgeApi } from './http-api.ts';
import { readable, type Place } from './job.ts';
import type { Quarantine } from './quarantine.ts';
import type { Secrets } from './secrets.ts';
import type { BroadcastsTable, LinksTable } from './tables.ts';

/** What the jobs are made of, and may be given a part in. */
export interface Parts extends Place {
  readonly links: LinksTable;
  readonly broadcasts: BroadcastsTable;
  readonly secrets: Secrets;
  readonly api: BridgeApi;
  readonly quarantine: Quarantine;
}

/** What a job is told that talks to MaiAgent: where it is, and the key that it may read. */
export function maiAgentVariables({ stage, secrets }: { readonly stage: Stage; readonly secrets: Secrets }) {
  return {
    MAIAGENT_BASE_URL: stage.maiAgent.baseUrl,
    MAIAGENT_API_PREFIX: stage.maiAgent.apiPrefix,
    MAIAGENT_INBOX_ID: stage.maiAgent.inboxId,
    MAIAGENT_API_KEY_SECRET: readable(secrets.apiKeyArn),
  };
}
