import { expect, it } from 'vitest';
import { receiptOf } from '../../functions/rules/erasure/receipt.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { rowFrom } from './contacts/sample-links.ts';

const deleted = rowFrom({ source: 'api', kind: 'delete', version: timeVersion(0) });

const places = (sources: readonly object[]) => {
  const keeping = { quarantineDays: 400, logRetentionDays: 30, sources: sources.map((one) => sourceSchema.parse(one)) };
  const left = receiptOf({ ...deleted, erasing: 0 }, keeping)?.left ?? [];
  return new Map(left.map(({ where, until }) => [where, until]));
};

it('the receipt names the queues of EventBridge, whose events outlive the source that was heard over it', () => {
  for (const sources of [[], [{ kind: 'cognito', name: 'pool', read: { userPoolId: 'ap-northeast-1_Sample000' } }]])
    expect(places(sources).get('event_queues')).toBe('1970-01-15T00:00:00.000Z');
});
