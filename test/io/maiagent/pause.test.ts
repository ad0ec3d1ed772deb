import { UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jsonLog } from '../../../functions/io/log.ts';
import type { ContactApi } from '../../../functions/io/maiagent/contact-api.ts';
import { SharedPause } from '../../../functions/io/maiagent/pause.ts';
import { standingClock, startTable, type Table } from '../../rigs/real-parts.ts';

let table: Table;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

type Reply = Awaited<ReturnType<ContactApi['list']>>;
const well: Reply = { kind: 'done', value: { items: [], count: 0, unreadable: 0, next: undefined } };
const busy = (retryAfterMs?: number): Reply => ({ kind: 'refused', status: 429, retryAfterMs, fields: [] });

const clock = standingClock();
const lines: string[] = [];
let reply: Reply;
let asked: number;
/** What happens between a question to MaiAgent and its answer. */
let meanwhile: () => Promise<unknown>;
beforeEach(() => {
  // Whatever pause an earlier test has left is over, and the next question lifts it.
  clock.advance(3_600_000);
  [reply, asked, meanwhile] = [well, 0, () => Promise.resolve()];
  lines.length = 0;
});

/** One function's view of the pause. */
function worker(client: DynamoDBClient = table.client): SharedPause {
  const contacts = {
    list: async () => {
      asked += 1;
      const answer = reply;
      await meanwhile();
      return answer;
    },
  };
  return new SharedPause(
    client,
    'Links',
    contacts,
    clock,
    jsonLog('sync', (line) => void lines.push(line)),
  );
}

/** A worker finds that MaiAgent asks everybody for a pause. */
async function pausedFor(ms?: number): Promise<void> {
  await worker().mayBegin();
  reply = busy(ms);
  await worker().isMaiAgentUp();
  asked = 0;
}

describe('a pause', () => {
  it('holds every worker, without a question, until its end', async () => {
    await pausedFor(30_000);
    clock.advance(29_999);
    expect([await worker().mayBegin(), await worker().mayBegin(), asked]).toEqual([false, false, 0]);
  });

  it('is lifted for all by the first good answer after its end', async () => {
    await pausedFor(30_000);
    clock.advance(30_000);
    reply = well;
    expect([await worker().mayBegin(), asked]).toEqual([true, 1]);
    expect([await worker().mayBegin(), asked]).toEqual([true, 1]);
  });

  it('goes on after another bad answer', async () => {
    await pausedFor(30_000);
    clock.advance(30_000);
    expect(await worker().mayBegin()).toBe(false);
    reply = well;
    clock.advance(29_999);
    expect([await worker().mayBegin(), asked]).toEqual([false, 1]);
    clock.advance(1);
    expect([await worker().mayBegin(), asked]).toEqual([true, 2]);
  });

  it('is five seconds long where MaiAgent is down or names no time', async () => {
    for (const answer of [busy(), { kind: 'unknown' } as const]) {
      await worker().mayBegin();
      reply = answer;
      await worker().isMaiAgentUp();
      reply = well;
      clock.advance(4_999);
      expect(await worker().mayBegin()).toBe(false);
      clock.advance(1);
      expect(await worker().mayBegin()).toBe(true);
    }
  });

  it('of a refused key is counted', async () => {
    reply = { kind: 'refused', status: 401, retryAfterMs: undefined, fields: [] };
    expect(await worker().isMaiAgentUp()).toBe(false);
    expect(lines.filter((line) => line.includes('"KeyRefused":1'))).toHaveLength(1);
  });
});

describe('of several workers', () => {
  it('one alone asks at the end of a pause', async () => {
    await pausedFor(30_000);
    clock.advance(30_000);
    reply = well;
    const workers = Array.from({ length: 8 }, () => worker().mayBegin());
    await Promise.all(workers);
    expect(asked).toBe(1);
  });

  it('one that dies while it asks keeps the others waiting for ten seconds', async () => {
    await pausedFor(30_000);
    clock.advance(30_000);
    meanwhile = () => Promise.reject(new Error('died'));
    await expect(worker().mayBegin()).rejects.toThrow('died');
    meanwhile = () => Promise.resolve();
    reply = well;
    clock.advance(9_999);
    expect(await worker().mayBegin()).toBe(false);
    clock.advance(1);
    expect(await worker().mayBegin()).toBe(true);
  });

  it('the later end of two pauses stays', async () => {
    await pausedFor(30_000);
    reply = busy(1_000);
    await worker().isMaiAgentUp();
    clock.advance(29_999);
    expect(await worker().mayBegin()).toBe(false);
    reply = busy(20_000);
    await worker().isMaiAgentUp();
    clock.advance(19_999);
    expect(await worker().mayBegin()).toBe(false);
  });

  it('one lifts no pause that another was told of since the question', async () => {
    await pausedFor(30_000);
    clock.advance(30_000);
    reply = well;
    meanwhile = async () => {
      meanwhile = () => Promise.resolve();
      reply = busy(30_000);
      await worker().isMaiAgentUp();
    };
    await worker().mayBegin();
    expect(await worker().mayBegin()).toBe(false);
  });

  it('one whose acknowledgement was lost still asks', async () => {
    await pausedFor(30_000);
    clock.advance(30_000);
    reply = well;
    // The SDK makes a write again whose answer was lost.
    const send = async (command: never) => {
      if ((command as object) instanceof UpdateItemCommand) await table.client.send(command);
      return table.client.send(command);
    };
    expect(await worker({ send } as unknown as DynamoDBClient).mayBegin()).toBe(true);
    expect(await worker().mayBegin()).toBe(true);
  });
});
