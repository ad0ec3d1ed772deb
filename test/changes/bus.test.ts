import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startVendorStore, vendors, type VendorStore } from '../rigs/vendor-store-rig.ts';

const names = ['Auth0 by EventBridge', 'Cognito'] as const;

describe.each(names)('what EventBridge brings of %s', (name) => {
  let store: VendorStore;
  beforeAll(async () => {
    store = await startVendorStore(name);
  });
  afterAll(() => store.close());
  beforeEach(() => {
    store.real.lines.length = 0;
  });

  let messages = 0;
  const message = (body: string) =>
    ({ messageId: `${name}-${(messages += 1)}`, eventSource: 'aws:sqs', body }) as SQSRecord;
  const hear = (...records: SQSRecord[]) => store.rig.hear({ Records: records });
  const said = (text: string) => store.real.lines.filter((line) => line.includes(text)).length;

  /** An event as the store sends it, with something of the person's own beside what the store says. */
  function written(own: string): string {
    const event = vendors[name].event(store.people.happen('create', `mallory-${messages}`, 'Sample'));
    return JSON.stringify(event).replace('"detail":{', `"detail":{"own":${own},`);
  }

  it.each([
    ['a key that no event may have', '{"__proto__":1}'],
    ['one key twice', '{"a":1,"\\u0061":2}'],
    ['seventeen levels', `${'{"a":'.repeat(16)}1${'}'.repeat(16)}`],
    ['a hundred thousand levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['so many levels and a number of many digits', `${'['.repeat(100_000)}1234567890123456789${']'.repeat(100_000)}`],
  ])('is taken where what people write of themselves has %s', async (_, own) => {
    expect(await hear(message(written(own)))).toEqual({ batchItemFailures: [] });
    expect([said('"outcome":"accepted"'), said('"outcome":"quarantined"')]).toEqual([1, 0]);
  });

  it('stays in the queue where no source is declared for it, until it is a dead letter, and keeps no other back', async () => {
    const another = { 'detail-type': 'user', source: 'aws.partner/auth0.com/another', detail: {} };
    const lost = [JSON.stringify(another), 'no JSON', '[]', 'null', ''].map(message);
    expect(await hear(...lost, message(written('1')))).toEqual({
      batchItemFailures: lost.map(({ messageId }) => ({ itemIdentifier: messageId })),
    });
    expect([said('"record-failed"'), said('"outcome":"accepted"')]).toEqual([lost.length, 1]);
  });
});
