import type { Stage } from './config.ts';
import { readable } from './job.ts';
import type { Secrets } from './secrets.ts';

/** What a job is told that talks to MaiAgent: where it is, and the key that it may read. */
export function maiAgentVariables({ maiAgent }: Stage, secrets: Secrets) {
  return {
    MAIAGENT_BASE_URL: maiAgent.baseUrl,
    MAIAGENT_API_PREFIX: maiAgent.apiPrefix,
    MAIAGENT_INBOX_ID: maiAgent.inboxId,
    MAIAGENT_API_KEY_SECRET: readable(secrets.apiKeyArn),
  };
}
