import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../functions/io/clock.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import type { Switches } from '../../local/emulator/state/switches.ts';
import { probe, probeCallsMax } from '../../local/deployed/probe.ts';
import { Scratch, scratchPrefix } from '../../local/deployed/scratch.ts';
import { sized } from '../scope.ts';

const inboxId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01';
const apiKey = 'sample-key';
let emulator: Emulator;
let movedMs = 0;
/** Sleeps by moving the emulator's time and its own. */
const clock = {
  now: () => Date.now() + movedMs,
  elapsed: () => performance.now() + movedMs,
  sleep: async (ms: number) => void (movedMs += ms),
};
const send = httpSender();

beforeAll(async () => {
  emulator = await startEmulator({ apiKey, inboxes: [{ id: inboxId, name: 'Sample' }], now: clock.now });
});
afterAll(() => emulator.close());
beforeEach(() => emulator.reset());

const scratchOver = (by: HttpSend = send) =>
  new Scratch({ origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' }, apiKey, by, clock);
async function probed(switches: Partial<Switches> = {}) {
  Object.assign(emulator.switches, switches);
  const { readings, ...rest } = await probe(scratchOver(), clock);
  return { ...rest, saw: Object.fromEntries(readings.map(({ asks, saw }) => [asks, saw])) };
}
const newPerson = (name: string) => emulator.store.addContact({ inboxes: [inboxId], name, sourceId: name });
const left = () => emulator.store.liveContacts.map(({ name }) => name);

describe('doctor --probe', () => {
  it('finds the reading of every switch of an emulator that was told nothing', async () => {
    newPerson('Ito Ken');
    const { saw, left: kept, stopped, calls, settings } = await probed();
    expect(saw).toEqual({
      maxPageSize: 'unknown',
      noSlash: 'serve',
      echo: 'full',
      responseCase: 'camel',
      timestamps: 'epochMsString',
      metadataOut: 'array',
      nestedKeys: 'kept',
      searchDelayMs: 0,
      resultsShape: 'flat',
      listOrder: 'oldest',
      nextHost: 'request',
      updateReply: 'full',
      clearWith: 'empty',
      putClears: true,
      putSemantics: 'merge',
      uniqueness: 'racy',
      dupStatus: 400,
      reuseSourceIdAfterDelete: true,
      nameDefault: 'error400',
      broadcastCase: 'snake',
      rateLimit: false,
    });
    expect({ kept, stopped, settings }).toEqual({ kept: 0, stopped: undefined, settings: [] });
    expect(calls).toBeLessThanOrEqual(probeCallsMax);
    expect(left()).toEqual(['Ito Ken']);
    expect(emulator.store.conversations).toEqual([]);
  });

  it.each<Partial<Switches>>([
    { uniqueness: 'atomic', dupStatus: 409, listOrder: 'newest', echo: 'sparse' },
    { uniqueness: 'none', responseCase: 'snake', broadcastCase: 'camel', echo: 'id' },
    { resultsShape: 'nested', timestamps: 'iso', metadataOut: 'object', nestedKeys: 'camel' },
    { putSemantics: 'replace', noSlash: 'redirect301', reuseSourceIdAfterDelete: false, dupStatus: 500 },
    { noSlash: '404', nameDefault: '匿名', updateReply: 'message', nextHost: 'placeholder' },
    { updateReply: 'empty' },
  ])('finds %j', async (switches) => {
    const { saw, left: kept } = await probed(switches);
    const { dupStatus, ...others } = switches;
    expect(saw).toMatchObject(others);
    if (dupStatus) expect(saw['dupStatus']).toBe(dupStatus);
    expect([kept, left()]).toEqual([0, []]);
  });

  it('finds the largest page, where there are contacts enough', async () => {
    for (let number = 0; number < 102; number += 1) newPerson(`Person ${number}`);
    expect((await probed()).saw['maxPageSize']).toBe(100);
    expect((await probed({ maxPageSize: 'none' })).saw['maxPageSize']).toBe('none');
    expect((await probed({ maxPageSize: 7 })).saw['maxPageSize']).toBe(7);
    expect(left()).toHaveLength(102);
  });

  it('finds how long a new contact stays invisible, and removes what it cannot see', async () => {
    const { saw, left: kept } = await probed({ searchDelayMs: 3_000 });
    expect(saw['searchDelayMs']).toBeGreaterThanOrEqual(3_000);
    expect(saw['searchDelayMs']).toBeLessThan(5_000);
    expect([kept, left()]).toEqual([0, []]);
  });

  it('obeys a 429, and says which setting follows', async () => {
    let small = 0;
    // The first page of one contact is not of the burst.
    const limited: HttpSend = async (request) => {
      if (request.url.search.endsWith(`query=${scratchPrefix}&pageSize=1`)) small += 1;
      const isRefused = small > 1 && small < 5 && request.method === 'GET';
      return isRefused ? { kind: 'reply', status: 429, headers: { 'retry-after': '7' }, body: '' } : send(request);
    };
    const before = movedMs;
    const { readings, settings, left: kept } = await probe(scratchOver(limited), clock);
    expect(readings.at(-1)?.says).toBe('3 of 10 reads at once were refused with 429, with a Retry-After of 7 s');
    expect(movedMs - before).toBeGreaterThanOrEqual(21_000);
    expect({ kept, settings }).toEqual({
      kept: 0,
      settings: ['maiAgentLimits.requestsPerSecond and broadcasts.requestsPerSecond: below 10'],
    });
  });

  it('leaves no contact behind where it is killed at a call and run again', async () => {
    const { calls } = await probed();
    for (let at = 1; at <= calls; at += sized({ test: 29, prove: 4, long: 1 }))
      for (const isSent of [true, false]) {
        let count = 0;
        const mortal: HttpSend = async (request) => {
          count += 1;
          if (count === at && isSent) await send(request);
          if (count >= at) throw new Error('killed');
          return send(request);
        };
        await expect(probe(scratchOver(mortal), clock)).rejects.toThrow('killed');
        const again = await probed();
        expect({ at, kept: again.left, left: left() }).toEqual({ at, kept: 0, left: [] });
      }
  });

  it('removes, where it was killed before a search could show its contact, what is shown by the end of the next run', async () => {
    Object.assign(emulator.switches, { searchDelayMs: 3_000 });
    const mortal: HttpSend = async (request) => {
      const reply = await send(request);
      if (request.method === 'POST') throw new Error('killed');
      return reply;
    };
    await expect(probe(scratchOver(mortal), clock)).rejects.toThrow('killed');
    expect(left()).toHaveLength(1);
    await probed();
    expect(left()).toEqual([]);
  });

  it('removes nobody whose name or id only begins like those of scratch contacts', async () => {
    newPerson('contact-bridge-probe-me');
    const both = { inboxes: [inboxId], name: 'contact-bridge-probe-0123456789abcdef', sourceId: 'emp-1' };
    emulator.store.addContact(both);
    expect((await probed()).left).toBe(0);
    expect(left()).toHaveLength(2);
  });

  it('makes nothing where the list cannot be read', async () => {
    const broken: HttpSend = async () => ({ kind: 'reply', status: 401, headers: {}, body: '{"detail":"no"}' });
    expect(await probe(scratchOver(broken), systemClock)).toMatchObject({
      left: undefined,
      readings: [],
      stopped: 'the list of contacts cannot be read',
    });
  });
});
