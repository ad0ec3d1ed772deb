import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../clock.ts';
import { HttpContactApi, type ContactApi, type MaiAgent } from './contact-api.ts';
import type { HttpSend } from '../https.ts';
import type { Log } from '../log.ts';
import { storedSecret } from '../aws/secrets.ts';

/** The variables that say where MaiAgent is, which inbox is ours, and which secret holds the API key. */
export interface MaiAgentVariables {
  readonly MAIAGENT_BASE_URL: string;
  readonly MAIAGENT_API_PREFIX: MaiAgent['prefix'];
  readonly MAIAGENT_INBOX_ID: string;
  readonly MAIAGENT_API_KEY_SECRET: string;
}

/** MaiAgent as this deployment is configured to reach it. */
export function maiAgent(
  env: MaiAgentVariables,
  { clearWith }: Pick<MaiAgent, 'clearWith'>,
  secrets: () => SecretsManagerClient,
  send: HttpSend,
  clock: Clock,
  log: Log,
): ContactApi {
  const place = {
    origin: env.MAIAGENT_BASE_URL,
    prefix: env.MAIAGENT_API_PREFIX,
    inboxId: env.MAIAGENT_INBOX_ID,
    clearWith,
  };
  return new HttpContactApi(place, storedSecret(secrets, env.MAIAGENT_API_KEY_SECRET), send, clock, log);
}
