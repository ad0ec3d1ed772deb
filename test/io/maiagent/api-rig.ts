import { systemClock } from '../../../functions/io/clock.ts';
import { HttpContactApi, type MaiAgent } from '../../../functions/io/maiagent/http-contact-api.ts';
import { httpSender } from '../../../functions/io/https.ts';
import { cachedSecret, type Secret } from '../../../functions/io/aws/secrets.ts';
import type { DesiredContact } from '../../../functions/rules/contacts/desired.ts';

export const inboxId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01';
export const otherInboxId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a02';
export const apiKey = 'sampleKey';

/** Five seconds from now by the monotonic clock: far longer than anything on one machine takes. */
export const soon = (ms = 5_000): number => systemClock.elapsed() + ms;

/** The client of the Contact API, with the sample key and the sample inbox unless a test says otherwise. */
export function apiFor(origin: string, changes: Partial<MaiAgent> = {}, key: Secret = keyOf(apiKey)): HttpContactApi {
  const maiAgent: MaiAgent = { origin, prefix: '/api/v1', inboxId, clearWith: 'empty', ...changes };
  return new HttpContactApi(maiAgent, key, httpSender(), systemClock);
}

/** A key that is always the same. */
export const keyOf = (key: string): Secret => cachedSecret(() => Promise.resolve(key), Date.now);

/** A contact with some fields filled and some empty. */
export const desiredContact: DesiredContact = {
  name: 'Sample Member',
  email: '',
  phoneNumber: '+886912345678',
  avatar: '',
  queryMetadata: {
    knowledge_bases: [{ knowledge_base_id: 'c0a80101-0000-4000-8000-000000000001', has_user_selected_all: 'True' }],
  },
  metadata: [{ key: 'department', value: 'Sales' }],
};
