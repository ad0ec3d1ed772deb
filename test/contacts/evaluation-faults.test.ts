import { ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { storeOutage } from '../../functions/io/aws/clients.ts';
import { queryMetadataOf } from '../../functions/rules/contacts/permissions.ts';
import { subjectOf } from '../../functions/rules/contacts/subject.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { SECOND_PASS_AFTER_MS } from '../../functions/rules/evaluation.ts';
import { mortal } from '../rigs/mortal.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { QuickSync } from '../rigs/quick-sync.ts';
import { samplePermissions } from '../rigs/sample-settings.ts';
import { wholeUser } from '../rules/contacts/sample-changes.ts';
import { sized } from '../scope.ts';

/** Every boundary in the proof, and a share of them before a change lands. */
const ONE_IN = sized({ test: 13, prove: 4, long: 1 });
const PEOPLE = ['staff', 'staff', 'guest'];
const stricter = { none: samplePermissions.none, rules: samplePermissions.rules.slice(1) };
const pkOf = (index: number) => `user#person-${index}`;

/** Three people in sync under the earlier settings, of whom two lose something under the later ones. */
async function begin() {
  const bridge = await new QuickBridge().start();
  const earlier = new QuickSync(bridge, { deployment: 1 });
  for (const [index, role] of PEOPLE.entries()) {
    const told = wholeUser({ roles: [role] });
    await earlier.take(subjectOf(pkOf(index)), { source: 'api', kind: 'update', version: timeVersion(1), told });
  }
  await earlier.settle();
  const former = new Map(bridge.links.map(({ pk, revision }) => [pk, revision]));
  return { bridge, former, later: new QuickSync(bridge, { deployment: 2, permissions: stricter }) };
}

type Story = Awaited<ReturnType<typeof begin>>;

/** Half an hour of a deployment: each pass is struck, and must come to its end by itself. */
async function halfAnHour({ bridge, later }: Story, struck: () => Promise<unknown>, judge: () => void): Promise<void> {
  for (const isCalm of [false, false, true, true, true]) {
    await (isCalm ? later.process().sweep() : struck());
    bridge.clock.advance(FAILED_AGAIN_MS);
  }
  judge();
  bridge.clock.advance(SECOND_PASS_AFTER_MS);
  await struck();
  await later.settle();
  judge();
}
/** Longer than a lease and than the pause after a failure; five of these are less than the time between the passes. */
const FAILED_AGAIN_MS = 301_000;

/** The faults by their names: how a process sweeps that is struck where `isStruck` says. */
const strikes = {
  'killed before or after': ({ bridge, later }: Story, isStruck: () => boolean) => {
    const way = mortal({ client: bridge.database.client, send: bridge.maiAgent.send }, isStruck);
    return way.run(later.process(way).sweep());
  },
  'the table fails, before or after the effect': ({ bridge, later }: Story, isStruck: () => boolean) => {
    const { client } = bridge.database;
    const send = async (command: never): Promise<unknown> => {
      if (isStruck()) throw storeOutage('before');
      const answer: unknown = await client.send(command);
      if (isStruck()) throw storeOutage('after');
      return answer;
    };
    const failing = { send } as unknown as DynamoDBClient;
    return later
      .process({ client: failing, send: bridge.maiAgent.send })
      .sweep()
      .catch(() => 'failed');
  },
};

async function told(name: keyof typeof strikes, at: number): Promise<number> {
  const story = await begin();
  let crossings = 0;
  const isStruck = (): boolean => (crossings += 1) === at;
  await halfAnHour(
    story,
    () => strikes[name](story, isStruck),
    () => judge(story, `${name} at ${at}`),
  );
  return crossings;
}

function judge({ bridge, former }: Story, where: string): void {
  for (const [index, role] of PEOPLE.entries()) {
    const link = bridge.links.find(({ pk }) => pk === pkOf(index));
    const there = bridge.maiAgent.store.contact(link?.contactId ?? '');
    expect(there?.queryMetadata, where).toEqual(queryMetadataOf(samplePermissions.none));
    const writes = (link?.revision ?? 0) - (former.get(pkOf(index)) ?? 0);
    expect(writes, where).toBe(role === 'staff' ? 1 : 0);
  }
}

describe.each(Object.keys(strikes) as (keyof typeof strikes)[])('an evaluation whose process is struck: %s', (name) => {
  it(`brings every contact there and writes no other link, wherever that is (${ONE_IN === 1 ? 'all' : `one in ${ONE_IN}`})`, async () => {
    const crossings = await told(name, -1);
    expect(crossings).toBeGreaterThan(100);
    for (let at = 1; at <= crossings; at += ONE_IN) await told(name, at);
  });
});

it('an evaluation that stands still is counted, and so is what it did once it goes on', async () => {
  const { bridge, later } = await begin();
  bridge.lines.length = 0;
  const counted = (metric: string) => {
    const counts = bridge.lines.map((line) => (JSON.parse(line) as Record<string, number | undefined>)[metric]);
    return counts.filter((one) => one !== undefined);
  };
  const send = (command: never): Promise<unknown> =>
    (command as object) instanceof ScanCommand
      ? Promise.reject(storeOutage('before'))
      : bridge.database.client.send(command);
  const client = { send } as unknown as DynamoDBClient;
  for (let sweeps = 0; sweeps < 3; sweeps += 1) {
    await later.process({ client, send: bridge.maiAgent.send }).sweep();
    bridge.clock.advance(60_000);
  }
  expect(counted('EvaluationStalled')).toEqual([1, 1, 1]);
  bridge.lines.length = 0;
  await later.process().sweep();
  const sum = (metric: string): number => counted(metric).reduce((all, one) => all + one, 0);
  expect([sum('Evaluated'), sum('EvaluationChanges'), counted('EvaluationStalled')]).toEqual([PEOPLE.length, 2, []]);
});
