import {
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type DynamoDBClient,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';

let rig: BroadcastRig;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());
afterEach(() => {
  rig.real.emulator.faults.clear();
  rig.secrets = 'well';
});

const live = httpSender();
const sweep = { sweep: true } as const;
const newestRun = async (broadcastId: string) => (await rig.show(broadcastId)).body.runs[0];

/** Sweeps whenever the run is due, for as long as that. */
async function sweepFor(broadcastId: string, ms: number): Promise<void> {
  const { clock } = rig.real;
  for (const end = clock.now() + ms; clock.now() < end;) {
    await rig.wake(sweep);
    const [run] = await rig.broadcasts.runs(broadcastId, 1);
    clock.advance(Math.max(1, (run?.leaseUntil ?? run?.dueAt ?? 0) - clock.now() + 1));
  }
}

describe('while MaiAgent is away', () => {
  it('hardly anybody is claimed, because a read must succeed first, and the others get their message afterwards', async () => {
    const { broadcastId } = await rig.sentNow(600);
    rig.real.emulator.faults.add({ on: 'any', kind: '500', times: 'always' });
    await sweepFor(broadcastId, 20 * 60_000);
    const { planned } = (await newestRun(broadcastId)).counts;
    // At most the four calls that were under way at once when it went away, of 50 recipients each.
    expect(planned).toBeGreaterThanOrEqual(400);
    rig.real.emulator.faults.clear();
    await rig.settle(broadcastId);
    expect((await newestRun(broadcastId)).counts).toMatchObject({ sent: planned, failed: 600 - planned });
  });

  it('for broadcasts alone, one call at a time is risked, and ever more rarely', async () => {
    const { broadcastId } = await rig.sentNow(1_500);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: '500', times: 'always' });
    await sweepFor(broadcastId, 30 * 60_000);
    const { counts } = await newestRun(broadcastId);
    expect(counts.planned).toBeGreaterThan(600);
    await rig.cancel(broadcastId);
    await rig.settle(broadcastId);
  });

  it('a key that cannot be read costs nobody the message', async () => {
    const { broadcastId } = await rig.sentNow(300);
    rig.secrets = 'down';
    await rig.wake(sweep);
    expect((await newestRun(broadcastId)).counts).toMatchObject({ planned: 300 });
    rig.secrets = 'well';
    await rig.settle(broadcastId);
    expect((await newestRun(broadcastId)).counts).toMatchObject({ sent: 300 });
  });

  it('a pause that it asks for is kept by the next worker too, for half a minute', async () => {
    const { broadcastId } = await rig.sentNow(600);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: '429-retry-after', retryAfterS: 600 });
    const asked = rig.real.clock.now();
    await rig.wake(sweep);
    const [run] = await rig.broadcasts.runs(broadcastId, 1);
    expect(run?.dueAt).toBeGreaterThan(asked + 29_000);
    await rig.settle(broadcastId);
    expect((await newestRun(broadcastId)).counts).toMatchObject({ sent: 600 });
  });
});

/** The table, where some transactions do not go through. */
function refusing(refuse: (items: readonly TransactWriteItem[]) => Error | undefined): DynamoDBClient {
  const { client } = rig.real.table;
  const send = (command: TransactWriteItemsCommand) => {
    const error = command instanceof TransactWriteItemsCommand ? refuse(command.input.TransactItems ?? []) : undefined;
    return error ? Promise.reject(error) : client.send(command);
  };
  return { send } as unknown as DynamoDBClient;
}

describe('where the table does not take a write', () => {
  it('the next worker is not woken at once, again and again', async () => {
    const { broadcastId } = await rig.sentNow(50);
    const client = refusing((items) =>
      items.some((one) => one.ConditionCheck) ? new Error('no permission') : undefined,
    );
    const begun = rig.real.clock.now();
    await rig.wake(sweep, { client });
    const [run] = await rig.broadcasts.runs(broadcastId, 1);
    expect(run).not.toHaveProperty('wake');
    expect(run?.dueAt).toBeGreaterThanOrEqual(begun + 30_000);
    await rig.settle(broadcastId);
    expect((await newestRun(broadcastId)).counts).toMatchObject({ sent: 50 });
  });

  it.each(['ThrottlingError', 'ProvisionedThroughputExceeded', 'TransactionConflict'])(
    'because of a %s, it is made again',
    async (Code) => {
      const { broadcastId } = await rig.sentNow(50);
      const refused = new Set<string>();
      // Each kind of transaction once: the plan, the claim, the report.
      const client = refusing((items) => {
        const kind = items.map((one) => Object.keys(one)[0] + (one.Put?.Item?.['sk']?.S ?? '')).join(' ');
        if (refused.has(kind)) return undefined;
        refused.add(kind);
        return new TransactionCanceledException({ message: '', $metadata: {}, CancellationReasons: [{ Code }] });
      });
      await rig.wake(sweep, { client });
      expect(refused.size).toBeGreaterThan(3);
      expect(await newestRun(broadcastId)).toMatchObject({ state: 'finished', counts: { sent: 50 } });
    },
  );
});

describe('where the index of what is due is behind', () => {
  it('a run goes on a second later, and not with the next sweep', async () => {
    const { broadcastId } = await rig.sentNow(50);
    const { client } = rig.real.table;
    const shown = (command: QueryCommand) => {
      const isOfRun = command instanceof QueryCommand && JSON.stringify(command.input).includes(`run#${broadcastId}`);
      return isOfRun && command.input.IndexName === 'Due' ? Promise.resolve({ Items: [] }) : client.send(command);
    };
    await rig.wake(sweep, { client: { send: shown } as unknown as DynamoDBClient });
    const [run] = await rig.broadcasts.runs(broadcastId, 1);
    expect(run).toMatchObject({ state: 'sending', wake: 'now' });
    await rig.settle(broadcastId);
  });
});

describe('where some conversations cannot be read', () => {
  it('the other recipients are settled, and those are unknown after a day', async () => {
    const { userIds, broadcastId } = await rig.sentNow(50);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'reset-after-commit' });
    await rig.wake(sweep);
    const { clock } = rig.real;
    const { elapsed } = clock;
    let hungMs = 0;
    clock.elapsed = () => elapsed() + hungMs;
    onTestFinished(() => void Object.assign(clock, { elapsed }));
    const hanging = userIds.slice(0, 2).map((userId) => rig.contactIdOf(userId));
    const send: HttpSend = (request) => {
      if (!hanging.some((contactId) => request.url.pathname.includes(contactId))) return live(request);
      hungMs += request.timeoutMs;
      return Promise.resolve({ kind: 'reply-lost' });
    };
    await rig.settle(broadcastId, () => rig.wake(sweep, { send }));
    expect((await newestRun(broadcastId)).counts).toMatchObject({ sent: 48, unknown: 2 });
  });
});
