import { describe, expect, it } from 'vitest';
import { outageOf } from '../../../functions/rules/maiagent/outage.ts';
import type { Failure } from '../../../functions/rules/maiagent/outcome.ts';

const failed = (status: number | undefined, more: Partial<Extract<Failure, { status: unknown }>> = {}): Failure => ({
  kind: 'refused',
  status,
  retryAfterMs: undefined,
  fields: [],
  ...more,
});

describe('outageOf', () => {
  it.each<[string, Failure | undefined, object]>([
    ['an unknown outcome', { kind: 'unknown' }, { code: 'maiagent_unclear', setting: undefined }],
    ['a search that no failure explains', undefined, { code: 'maiagent_unclear', setting: undefined }],
    ['a request that was not sent', failed(undefined), { code: 'maiagent_unreachable', setting: 'maiAgent.baseUrl' }],
    ['401', failed(401), { code: 'maiagent_refused_key', setting: 'the MaiAgent API key secret' }],
    ['403', failed(403), { code: 'maiagent_refused_key' }],
    ['404', failed(404), { code: 'maiagent_refused_contact', setting: 'maiAgent.apiPrefix' }],
    ['413', failed(413), { code: 'maiagent_refused_contact' }],
    ['422', failed(422), { code: 'maiagent_refused_contact' }],
    ['429 with a pause', failed(429, { retryAfterMs: 7_000 }), { code: 'maiagent_busy', retryAfterMs: 7_000 }],
    ['429 with no pause at all', failed(429, { retryAfterMs: 0 }), { code: 'maiagent_busy', retryAfterMs: 0 }],
    ['429 without a pause', failed(429), { code: 'maiagent_busy', retryAfterMs: 5_000 }],
    [
      '400 over the inbox',
      failed(400, { fields: ['inboxes'] }),
      { code: 'maiagent_refused_contact', setting: 'maiAgent.inboxId' },
    ],
    [
      '400 over a field',
      failed(400, { fields: ['email', 'name'] }),
      { code: 'maiagent_refused_contact', setting: "the contact's email, name" },
    ],
    ['400 over nothing in particular', failed(400), { code: 'maiagent_refused_contact' }],
    ['a duplicate', failed(409, { kind: 'duplicate' }), { code: 'contact_conflict' }],
    [
      'a duplicate that names the sourceId',
      failed(400, { kind: 'duplicate', fields: ['sourceId'] }),
      { code: 'contact_conflict' },
    ],
    [
      'a duplicate in words alone',
      failed(400, { kind: 'duplicate', fields: ['detail'] }),
      { code: 'contact_conflict' },
    ],
    [
      'a refused create over a field',
      failed(400, { kind: 'duplicate', fields: ['phoneNumber'] }),
      { code: 'maiagent_refused_contact' },
    ],
  ])('says of %s what the operator looks at', (_, failure, outage) => {
    expect(outageOf(failure)).toMatchObject(outage);
  });
});
