import { randomUUID } from 'node:crypto';
import { PutItemCommand, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoBroadcastTable } from '../../../functions/io/broadcasts/broadcast-table.ts';
import { broadcastBodySchema, cancelled, newBroadcast } from '../../../functions/rules/broadcasts/broadcast.ts';
import { claimed, nextShare, type Claim, type Batch } from '../../../functions/rules/broadcasts/batch.ts';
import { cancelledRun, ledgerKey, newRun, batchKey, planned } from '../../../functions/rules/broadcasts/run.ts';
import { startTable, type Table } from '../../rigs/real-parts.ts';

const nowMs = Date.parse('2026-11-20T09:00:00Z');
const claim: Claim = { id: 'claim-1', at: nowMs, until: nowMs + 90_000 };
let table: Table;
let broadcasts: DynamoBroadcastTable;
beforeAll(async () => {
  table = await startTable();
  broadcasts = new DynamoBroadcastTable(table.client, 'Broadcasts', 'Links');
});
afterAll(() => table.close());

/** A run that sends, with one batch of two people whose links are as they were planned. */
async function sending() {
  const broadcast = newBroadcast(
    randomUUID(),
    broadcastBodySchema.parse({ message: 'A sample message', audience: { kind: 'all' }, confirm: 'all' }),
    nowMs,
    undefined,
  );
  const run = planned(newRun(broadcast, nowMs, nowMs, 0), { batches: 1, recipients: 2, next: undefined }, () => nowMs);
  const people = ['first', 'second'].map((name) => ({ pk: `user#${name}-${randomUUID()}`, contactId: randomUUID() }));
  const batch: Batch = {
    pk: ledgerKey(run),
    sk: batchKey(0),
    revision: 1,
    recipients: people.map((one) => ({ ...one, state: 'planned', at: nowMs })),
    dueAt: nowMs,
  };
  for (const person of people) await link({ ...person, accountStatus: 'active' });
  const rows = [broadcast, run, batch].map((after) => ({ before: undefined, after }));
  expect(await broadcasts.commit(rows)).toBe('committed');
  return { broadcast, run, batch, people };
}

async function link(row: {
  pk: string;
  contactId: string;
  accountStatus: string;
  withheldUntil?: number;
  visitors?: string[];
  promotedTo?: string;
}): Promise<void> {
  await table.client.send(new PutItemCommand({ TableName: 'Links', Item: marshall(row) }));
}

const claimOf = (batch: Batch, run: Awaited<ReturnType<typeof sending>>['run']) =>
  broadcasts.commit([{ before: batch, after: claimed(batch, claim) }], {
    run,
    recipients: nextShare(batch),
    at: claim.at,
  });

const stateOf = async ({ pk, sk }: Batch) => (await broadcasts.batch(pk, sk))?.recipients.map(({ state }) => state);

describe('a claim', () => {
  it('commits while its run sends and every link is as it was planned', async () => {
    const { run, batch } = await sending();
    expect(await claimOf(batch, run)).toBe('committed');
    expect(await stateOf(batch)).toEqual(['claimed', 'claimed']);
    expect(await broadcasts.counts(run)).toMatchObject({ planned: 0, claimed: 2 });
  });

  it('commits once, however many make it at once', async () => {
    const { run, batch } = await sending();
    const all = await Promise.all(Array.from({ length: 5 }, () => claimOf(batch, run)));
    expect(all.filter((one) => one === 'committed')).toHaveLength(1);
    expect(await broadcasts.counts(run)).toMatchObject({ planned: 0, claimed: 2 });
  });

  it('is stopped where its run sends no longer, though nobody has cancelled the broadcast', async () => {
    const { run, batch } = await sending();
    expect(await broadcasts.commit([{ before: run, after: { ...run, state: 'expired' } }])).toBe('committed');
    expect(await claimOf(batch, run)).toBe('stopped');
    expect(await stateOf(batch)).toEqual(['planned', 'planned']);
  });

  it('is stopped where the broadcast was cancelled, though its run has not heard of it', async () => {
    const { broadcast, run, batch } = await sending();
    const change = { before: broadcast, after: cancelled(broadcast, nowMs, 0) };
    expect(await broadcasts.commit([change])).toBe('committed');
    expect(await claimOf(batch, run)).toBe('stopped');
    expect(await stateOf(batch)).toEqual(['planned', 'planned']);
  });

  it('is stopped where both were cancelled', async () => {
    const { broadcast, run, batch } = await sending();
    await broadcasts.commit([
      { before: broadcast, after: cancelled(broadcast, nowMs, 0) },
      { before: run, after: cancelledRun(run, nowMs) },
    ]);
    expect(await claimOf(batch, run)).toBe('stopped');
  });

  it.each(['disabled', 'deleted'] as const)(
    'does not commit for a user who is %s by now, and says so',
    async (accountStatus) => {
      const { run, batch, people } = await sending();
      const [first] = people;
      if (!first) throw new Error('there is nobody');
      await link({ ...first, accountStatus });
      expect(await claimOf(batch, run)).toEqual({
        changed: new Map([[first.pk, expect.objectContaining({ accountStatus })]]),
      });
      expect(await stateOf(batch)).toEqual(['planned', 'planned']);
    },
  );

  it('does not commit for a user whose id is withheld until a reading, and does once that is over', async () => {
    const { run, batch, people } = await sending();
    const [first] = people;
    if (!first) throw new Error('there is nobody');
    await link({ ...first, accountStatus: 'active', withheldUntil: claim.at + 1 });
    expect(await claimOf(batch, run)).toEqual({
      changed: new Map([[first.pk, expect.objectContaining({ withheldUntil: claim.at + 1 })]]),
    });
    await link({ ...first, accountStatus: 'active', withheldUntil: claim.at });
    expect(await claimOf(batch, run)).toBe('committed');
  });

  it('does not commit for a user who is active and has another contact by now', async () => {
    const { run, batch, people } = await sending();
    const [, second] = people;
    if (!second) throw new Error('there is nobody');
    await link({ ...second, contactId: randomUUID(), accountStatus: 'active' });
    const asItIs = { contactId: expect.not.stringMatching(second.contactId), accountStatus: 'active' };
    expect(await claimOf(batch, run)).toEqual({ changed: new Map([[second.pk, expect.objectContaining(asItIs)]]) });
    expect(await stateOf(batch)).toEqual(['planned', 'planned']);
  });
});

describe('where holders of contacts are excepted, a claim', () => {
  const plannedWith = async (visitors: number) => {
    const { run, batch, people } = await sending();
    const [first, second] = people as [(typeof people)[0], (typeof people)[0]];
    const [one, other] = batch.recipients as [(typeof batch.recipients)[0], (typeof batch.recipients)[0]];
    return { run, first, second, batch: { ...batch, recipients: [{ ...one, visitors }, other] } };
  };

  it.each([
    [0, ['former']],
    [1, ['former', 'latter']],
  ])('does not commit where a user who had been %i visitors has been one more since', async (before, visitors) => {
    const { run, first, batch } = await plannedWith(before);
    await link({ ...first, accountStatus: 'active', visitors });
    const changed = new Map([[first.pk, expect.objectContaining({ visitors })]]);
    expect(await claimOf(batch, run)).toEqual({ changed });
  });

  it.each([
    [0, undefined],
    [1, ['former']],
  ])('commits where a user has been %i visitors as before', async (before, visitors) => {
    const { run, first, batch } = await plannedWith(before);
    await link({ ...first, accountStatus: 'active', ...(visitors && { visitors }) });
    expect(await claimOf(batch, run)).toBe('committed');
  });

  it('does not commit for a visitor who is a user by now', async () => {
    const { run, second, batch } = await plannedWith(0);
    await link({ ...second, accountStatus: 'active', promotedTo: 'somebody' });
    expect(await claimOf(batch, run)).toEqual({ changed: new Map([[second.pk, expect.anything()]]) });
  });
});

describe('a row', () => {
  it('is made by one of two who make it at once', async () => {
    const { batch } = await sending();
    const row = { ...batch, sk: batchKey(1) };
    const made = await Promise.all([1, 2].map(() => broadcasts.commit([{ before: undefined, after: row }])));
    expect(new Set(made)).toEqual(new Set(['committed', 'conflict']));
  });

  it('is known to whoever wrote it, though the acknowledgement was lost and the next attempt is another transaction', async () => {
    const { run, batch } = await sending();
    let isLost = false;
    table.client.middlewareStack.add(
      (next, context) => async (args) => {
        const done = await next(args);
        if (isLost || context.commandName !== 'TransactWriteItemsCommand') return done;
        isLost = true;
        throw new TransactionCanceledException({
          $metadata: {},
          message: 'Another transaction is at the same row.',
          CancellationReasons: [{ Code: 'TransactionConflict' }],
        });
      },
      { step: 'initialize', name: 'loseOne' },
    );
    try {
      expect(await claimOf(batch, run)).toBe('committed');
    } finally {
      table.client.middlewareStack.remove('loseOne');
    }
    expect(isLost).toBe(true);
    expect(await broadcasts.counts(run)).toMatchObject({ planned: 0, claimed: 2 });
  });
});
