import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../local/commands/deployment.ts';
import type { GivenUp } from '../../local/deployed/quarantine-bucket.ts';
import { replay } from '../../local/deployed/replay.ts';
import { ChangeRig, sampleSources, streamArn } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

let real: RealDeps;
let rig: ChangeRig;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());

/** The job itself, as the command calls it. */
const deployment = {
  callUserChanged: async (event: object) => ({ kind: 'answered', payload: await rig.hear(event as never) }),
} as unknown as Deployment;

function bucketOf(objects: Map<string, string>): GivenUp {
  return {
    async *keys() {
      yield* objects.keys();
    },
    read: async (key) => objects.get(key) ?? '',
    remove: async (key) => void objects.delete(key),
  };
}

const batch = (eventSourceARN: string, ...userIds: string[]) => ({
  Records: userIds.map((userId) => ({
    eventID: `record-${userId}`,
    eventName: 'INSERT',
    eventSourceARN,
    dynamodb: {
      Keys: { userId: { S: userId } },
      NewImage: { userId: { S: userId }, version: { N: '1' }, status: { S: 'gone' } },
      SequenceNumber: '1',
    },
  })),
});

describe('the replay of the bucket', () => {
  it('takes every batch in once more, removes what was taken, and leaves what was not', async () => {
    const objects = new Map([
      ['aws/lambda/1', JSON.stringify({ payload: JSON.stringify(batch(streamArn, 'ann', 'bob')) })],
      ['aws/lambda/2', JSON.stringify({ payload: batch(streamArn, 'cho') })],
      ['aws/lambda/3', JSON.stringify({ payload: batch(streamArn.replace('Users', 'Others'), 'dee') })],
      ['aws/lambda/4', 'no JSON'],
    ]);
    expect(await replay(bucketOf(objects), deployment)).toEqual({ taken: 2, left: 2 });
    expect([...objects.keys()]).toEqual(['aws/lambda/3', 'aws/lambda/4']);
    for (const userId of ['ann', 'bob', 'cho'])
      expect(await rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
    expect(await rig.link('dee')).toBeUndefined();
    expect(await replay(bucketOf(objects), deployment)).toEqual({ taken: 0, left: 2 });
  });
});
