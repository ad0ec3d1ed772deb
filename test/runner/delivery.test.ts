import { describe, expect, it } from 'vitest';
import type { InvocationResult } from '../../local/runner/lambda/environment.ts';
import { deliver, type RetryRules, type StreamRecord } from '../../local/runner/streams/delivery.ts';

const records = (numbers: string): StreamRecord[] =>
  numbers.split('').map((number) => ({ eventName: 'MODIFY', dynamodb: { SequenceNumber: number } }));
const numbersOf = (batch: readonly StreamRecord[]) => batch.map(({ dynamodb }) => dynamodb.SequenceNumber).join('');

const rules = { reportsFailures: true, bisects: false, retriesMax: 2 };
const failures = (...numbers: unknown[]): InvocationResult => ({
  kind: 'answered',
  payload: JSON.stringify({ batchItemFailures: numbers.map((itemIdentifier) => ({ itemIdentifier })) }),
});

/** Delivers "12345" to a function; answers what it was called with, and what was given up after how many attempts. */
async function deliveries(
  reply: (numbers: string, call: number) => InvocationResult,
  changes: Partial<RetryRules> = {},
  pausesMax = 20,
) {
  const calls: string[] = [];
  const givenUp: [string, number][] = [];
  let pauses = 0;
  await deliver(
    records('12345'),
    { ...rules, ...changes },
    {
      invoke: async (batch) => reply(numbersOf(batch), calls.push(numbersOf(batch))),
      pause: async () => ++pauses <= pausesMax,
      giveUp: (batch, attempts) => void givenUp.push([numbersOf(batch), attempts]),
    },
  );
  return { calls, givenUp };
}

describe('the delivery of a batch', () => {
  it.each([['null'], ['{}'], ['{"batchItemFailures":[]}'], ['{"batchItemFailures":null}']])(
    'is over when the function answers %s',
    async (payload) => {
      expect(await deliveries(() => ({ kind: 'answered', payload }))).toEqual({ calls: ['12345'], givenUp: [] });
    },
  );

  it('goes on with the first record that failed', async () => {
    const { calls } = await deliveries((_, call) => (call === 1 ? failures('4', '3') : failures()));
    expect(calls).toEqual(['12345', '345']);
  });

  it.each<[string, InvocationResult]>([
    ['failed', { kind: 'timed-out' }],
    ['names a record that it was not given', failures('9')],
    ['names no record', failures('')],
    ['names a record by a number', failures(3)],
    ['answers a text', { kind: 'answered', payload: '{"batchItemFailures":"3"}' }],
  ])('begins again when the function %s', async (_, reply) => {
    const { calls } = await deliveries((_, call) => (call === 1 ? reply : failures()));
    expect(calls).toEqual(['12345', '12345']);
  });

  it('gives the rest up after the last retry', async () => {
    expect(await deliveries(() => failures('3'))).toEqual({ calls: ['12345', '345', '345'], givenUp: [['345', 3]] });
  });

  it('retries without end where there is no limit', async () => {
    const { calls, givenUp } = await deliveries(() => failures('3'), { retriesMax: -1 });
    expect([calls.length, givenUp]).toEqual([21, []]);
  });

  it('halves a batch that failed until it has found the record, and delivers the others once more', async () => {
    const poison = (numbers: string): InvocationResult => (numbers.includes('4') ? { kind: 'timed-out' } : failures());
    const { calls, givenUp } = await deliveries(poison, { bisects: true, retriesMax: 1 });
    expect(calls).toEqual(['12345', '123', '45', '4', '4', '5']);
    expect(givenUp).toEqual([['4', 2]]);
  });

  it('takes an answer for a success where the function does not report failures', async () => {
    expect((await deliveries(() => failures('3'), { reportsFailures: false })).calls).toEqual(['12345']);
  });

  it('ends in the middle when nobody follows any more', async () => {
    expect(await deliveries(() => ({ kind: 'timed-out' }), { retriesMax: -1 }, 1)).toEqual({
      calls: ['12345', '12345'],
      givenUp: [],
    });
  });
});
