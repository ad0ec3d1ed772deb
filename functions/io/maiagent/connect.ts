import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Settings, SyncEnv } from '../../env.ts';
import type { Clock } from '../clock.ts';
import { HttpContactApi, type ContactApi } from './contact-api.ts';
import type { HttpSend } from '../https.ts';
import { storedSecret } from '../aws/secrets.ts';

/** MaiAgent as this deployment is configured to reach it. */
export function maiAgent(
  env: Omit<SyncEnv, 'LINKS_TABLE'>,
  { clearWith }: Settings,
  secrets: SecretsManagerClient,
  send: HttpSend,
  clock: Clock,
): ContactApi {
  const place = {
    origin: env.MAIAGENT_BASE_URL,
    prefix: env.MAIAGENT_API_PREFIX,
    inboxId: env.MAIAGENT_INBOX_ID,
    clearWith,
  };
  return new HttpContactApi(place, storedSecret(secrets, env.MAIAGENT_API_KEY_SECRET), send, clock);
}
