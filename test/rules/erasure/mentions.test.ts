import { expect, it } from 'vitest';
import { mentions } from '../../../functions/rules/erasure/mentions.ts';
import { sourceSchema } from '../../../functions/rules/sources/source.ts';

it('looks at every text of a record on which the reader fails by itself, and ends nobody else’s erasure', () => {
  const source = { ...sourceSchema.parse({ kind: 'generic', name: 'generic' }) };
  Object.defineProperty(source, 'fields', {
    get: () => {
      throw new TypeError('a bug');
    },
  });
  const event = { type: 'user.updated', timestamp: '2030-01-01T09:00:00Z', data: { userId: 'member', version: 1 } };
  const record = { body: Buffer.from(JSON.stringify(event)).toString('base64'), key: 'sample' };
  const isAbout = mentions({ eventId: 'sample-event', record }, source, Date.parse('2030-01-02T09:00:00Z'));
  expect([isAbout('member'), isAbout('another')]).toEqual([true, false]);
});
