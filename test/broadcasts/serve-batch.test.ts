import { randomUUID } from 'node:crypto';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoBroadcastTable, type BroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import type { Clock } from '../../functions/io/clock.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { paced } from '../../functions/io/maiagent/pace.ts';
import { audienceRule } from '../../functions/rules/broadcasts/audience.ts';
import { broadcastBodySchema, newBroadcast } from '../../functions/rules/broadcasts/broadcast.ts';
import { claimed, type Claim, type Batch, type Recipient } from '../../functions/rules/broadcasts/batch.ts';
import { ledgerKey, newRun, batchKey, planned, type Run } from '../../functions/rules/broadcasts/run.ts';
import { serveBatch, type BatchDeps } from '../../functions/broadcasts/serve-batch.ts';
import { apiFor } from '../io/maiagent/api-rig.ts';
import { startTable, type Table } from '../rigs/real-parts.ts';

const callMs = 2_000;
const reserveMs = 60_000;
let table: Table;
let broadcasts: DynamoBroadcastTable;
beforeAll(async () => {
  table = await startTable();
  broadcasts = new DynamoBroadcastTable(table.client, 'Broadcasts', 'Links');
});
afterAll(() => table.close());

/** A clock that stands still until a test moves it; a function that is frozen wakes up with both of its times moved on. */
class StillClock implements Clock {
  #ms = Date.parse('2026-11-20T09:00:00Z');
  now = (): number => this.#ms;
  elapsed = (): number => this.#ms;
  sleep = (): Promise<void> => Promise.resolve();
  advance(ms: number): void {
    this.#ms += ms;
  }
}

/** One worker over the real table, that hands its messages to the test. */
class Worker {
  /** Whether MaiAgent answers reads. */
  isThere = true;
  readonly clock = new StillClock();
  readonly sent: (readonly string[])[] = [];
  run: Run | undefined;
  batch: Batch | undefined;

  /** A run that sends, and one batch of it with as many people as there are states. */
  async start(change: (batch: Batch) => Batch, ...states: Recipient['state'][]): Promise<void> {
    const at = this.clock.now();
    const broadcast = newBroadcast(
      randomUUID(),
      broadcastBodySchema.parse({ message: 'A sample message', audience: { kind: 'all' }, confirm: 'all' }),
      at,
      undefined,
    );
    const page = { batches: 1, recipients: states.length, next: undefined };
    this.run = planned(newRun(broadcast, at, at, 0), page, () => at + 3_600_000);
    const recipients = states.map((state) => ({ pk: `user#${randomUUID()}`, contactId: randomUUID(), state, at }));
    const bare = { pk: ledgerKey(this.run), sk: batchKey(0), revision: 1, recipients, dueAt: at };
    this.batch = change(bare);
    for (const { pk, contactId } of recipients)
      await table.client.send(
        new PutItemCommand({ TableName: 'Links', Item: marshall({ pk, contactId, accountStatus: 'active' }) }),
      );
    await broadcasts.commit([broadcast, this.run, this.batch].map((after) => ({ before: undefined, after })));
  }

  serve(through: BroadcastTable = broadcasts): ReturnType<typeof serveBatch> {
    const { clock, run, batch } = this;
    if (!run || !batch) throw new Error('nothing was started');
    const deps: BatchDeps = {
      clock,
      callMs,
      reserveMs,
      broadcasts: through,
      sender: {
        broadcast: (_message, contactIds) => {
          this.sent.push(contactIds);
          return Promise.resolve({ kind: 'unknown' });
        },
      },
      // Nobody listens there: what cannot be read is unclear.
      contacts: apiFor('http://127.0.0.1:1'),
      pace: paced(() => Promise.resolve({ kind: 'not-sent' }), 0, clock),
      random: () => 0.5,
      log: jsonLog('broadcast', () => undefined),
      retentionDays: 1,
    };
    const until = clock.elapsed() + 60_000;
    return serveBatch(
      batch,
      {
        run,
        message: 'A sample message',
        rule: () => Promise.resolve(audienceRule({ kind: 'all' }, [])),
        until,
        isPaused: false,
        mayClaim: () => Promise.resolve(true),
        isMaiAgentUp: () => Promise.resolve(this.isThere),
      },
      deps,
    );
  }

  async states(): Promise<string[]> {
    const now = await broadcasts.batch(this.batch?.pk ?? '', this.batch?.sk ?? '');
    return now?.recipients.map(({ state }) => state) ?? [];
  }
}

/** The table, through which a claim takes as long as a frozen function sleeps. */
const freezing = (worker: Worker, ms: number): BroadcastTable =>
  new Proxy(broadcasts, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'commit') return value.bind(target);
      return async (...given: Parameters<BroadcastTable['commit']>) => {
        const done = await target.commit(...given);
        if (given[1]) worker.clock.advance(ms);
        return done;
      };
    },
  });

describe('a batch', () => {
  it('is sent once to whoever is claimed, and stays claimed where no answer comes', async () => {
    const worker = new Worker();
    await worker.start((batch) => batch, 'planned', 'planned', 'skipped');
    expect(await worker.serve()).toBe('outage');
    expect(worker.sent.map((contactIds) => contactIds.length)).toEqual([2]);
    expect(await worker.states()).toEqual(['claimed', 'claimed', 'skipped']);
    const { claim, dueAt } = (await broadcasts.batch(worker.batch?.pk ?? '', worker.batch?.sk ?? '')) ?? {};
    expect(claim?.until).toBe(worker.clock.now() + callMs + reserveMs);
    expect(dueAt).toBe(claim?.until);
  });

  it('is left alone where it is not due by now, though an index that is behind has led there', async () => {
    const worker = new Worker();
    await worker.start((batch) => ({ ...batch, dueAt: worker.clock.now() + 1 }), 'planned');
    expect(await worker.serve()).toBe('served');
    expect(worker.sent).toEqual([]);
    expect(await worker.states()).toEqual(['planned']);
  });

  it('with a claim is not claimed again, though its run sends and others of it are planned', async () => {
    const worker = new Worker();
    const at = worker.clock.now();
    const claim: Claim = { id: 'a former claim', at: at - 90_000, until: at };
    await worker.start((batch) => claimed({ ...batch, share: 1 }, claim), 'planned', 'planned');
    await worker.serve();
    expect(worker.sent).toEqual([]);
    expect(await worker.states()).toEqual(['claimed', 'planned']);
    expect(await broadcasts.batch(worker.batch?.pk ?? '', worker.batch?.sk ?? '')).toMatchObject({
      claim,
      looks: 1,
    });
  });

  it('with a claim that cannot be settled lets the others wait for three looks, and not for a day', async () => {
    const worker = new Worker();
    const at = worker.clock.now();
    const claim: Claim = { id: 'a former claim', at: at - 90_000, until: at };
    await worker.start((batch) => ({ ...claimed({ ...batch, share: 1 }, claim), looks: 3 }), 'planned', 'planned');
    await worker.serve();
    expect(await worker.states()).toEqual(['unknown', 'planned']);
    await worker.start((batch) => ({ ...claimed(batch, claim), looks: 3 }), 'planned', 'planned');
    await worker.serve();
    expect(await worker.states()).toEqual(['claimed', 'claimed']);
  });

  it('is not looked for while MaiAgent does not answer at all, but for a day and no longer', async () => {
    const worker = new Worker();
    worker.isThere = false;
    const claim: Claim = { id: 'a former claim', at: worker.clock.now() - 90_000, until: worker.clock.now() };
    await worker.start((batch) => claimed(batch, claim), 'planned');
    expect(await worker.serve()).toBe('away');
    const { pk = '', sk = '' } = worker.batch ?? {};
    expect(await broadcasts.batch(pk, sk)).toMatchObject({ claim, looks: 0 });
    worker.clock.advance(30 * 3_600_000);
    await worker.serve();
    expect(await worker.states()).toEqual(['unknown']);
  });

  it('is not sent by a worker who was frozen after the claim, and is planned again', async () => {
    const worker = new Worker();
    await worker.start((batch) => batch, 'planned');
    expect(await worker.serve(freezing(worker, 5_001))).toBe('served');
    expect(worker.sent).toEqual([]);
    expect(await worker.states()).toEqual(['planned']);
  });

  it('is sent by a worker who took no longer than it may', async () => {
    const worker = new Worker();
    await worker.start((batch) => batch, 'planned');
    await worker.serve(freezing(worker, 5_000));
    expect(worker.sent).toHaveLength(1);
  });
});
