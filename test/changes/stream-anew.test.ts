import { afterAll, beforeAll, expect, it } from 'vitest';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { ChangeRig } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

let real: RealDeps;
beforeAll(async () => {
  real = await startDeps();
});
afterAll(() => real.close());

const arn = (table: string, madeAt: string) =>
  `arn:aws:dynamodb:us-east-1:000000000000:table/${table}/stream/${madeAt}`;
const former = arn('Users', '2025-01-01T00:00:00.000');
const anew = arn('Restored', '2026-01-01T00:00:00.000');
const sourceAt = (streamArn: string) =>
  sourceSchema.parse({
    kind: 'table',
    name: 'users',
    streamArn,
    status: { path: 'status', active: ['active'] },
  });

it('a stream that is made anew counts from a low number again, and what it tells is the newer all the same', async () => {
  const rig = new ChangeRig(real, { sources: [sourceAt(former)] });
  const tell = async (eventSourceARN: string, SequenceNumber: string, eventName: string, status?: string) => {
    const Keys = { userId: { S: 'sample' } };
    const NewImage = status && { ...Keys, status: { S: status } };
    const dynamodb = { Keys, SequenceNumber, ...(NewImage && { NewImage }) };
    await rig.hear({ Records: [{ eventID: SequenceNumber, eventName, eventSourceARN, dynamodb }] } as never);
    return (await rig.link('sample'))?.accountStatus;
  };
  expect(await tell(former, '4421584500000000017450439092', 'INSERT', 'active')).toBe('active');
  rig.settings = { ...rig.settings, sources: [sourceAt(anew)] };
  expect(await tell(anew, '400000000008367680596', 'MODIFY', 'off')).toBe('disabled');
  expect(await tell(anew, '400000000008367680595', 'MODIFY', 'active')).toBe('disabled');
  expect(await tell(anew, '100000000000000000000000', 'REMOVE')).toBe('deleted');
});
