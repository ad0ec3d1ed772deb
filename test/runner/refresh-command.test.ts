import { expect, it } from 'vitest';
import type { Deployment } from '../../local/commands/deployment.ts';
import { refreshedLines, refreshUser } from '../../local/commands/readings.ts';

/** A deployment whose function answers this. */
const answering = (called: object) => ({ callUserChanged: async () => called }) as unknown as Deployment;

it('says for each source what came of it', async () => {
  const payload = { staff: 'read', crm: 'refused' };
  const sources = await refreshUser(answering({ kind: 'answered', payload }), 'x');
  expect(sources).toEqual(payload);
  expect(refreshedLines(sources)).toEqual([
    'staff: read and kept',
    'crm: the store refuses the credentials: see its secret and its role',
  ]);
});

it.each([
  [{ kind: 'answered', payload: {} }, 'no source of this stage'],
  [{ kind: 'answered', payload: 3 }, 'another answer'],
  [{ kind: 'timed-out' }, 'out of time'],
  [{ kind: 'failed', message: 'crashed' }, 'crashed'],
])('fails for %j', async (called, text) => {
  await expect(refreshUser(answering(called), 'x')).rejects.toThrow(text);
});
