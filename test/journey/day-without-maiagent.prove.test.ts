import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isOutstanding } from '../../functions/rules/contacts/link.ts';
import type { Clock } from '../../functions/io/clock.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { ChangeRig, sampleSources, event } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sized } from '../scope.ts';

let real: RealDeps;
let rig: ChangeRig;
let people = 0;
let userId = '';
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());
beforeEach(() => {
  userId = `person-${(people += 1)}`;
});

const staff = { name: 'Sample', email: 'sample@corp.example', roles: ['staff'] };

/** So many users change nearly every hour. */
const count = sized({ test: 16, prove: 80, long: 1_000 });
const ratePerSecond = 100;

/** A page of contacts that searches for nobody, which is asked for past the pace. */
const asksWhetherItIsThere = ({ method, url }: Parameters<HttpSend>[0]): boolean =>
  method === 'GET' && url.pathname.endsWith('/contacts/') && !url.searchParams.has('query');

/** Sync in a time that passes by its waits alone: what it sends and when does not depend on how fast the machine is. */
function metered() {
  let elapsed = 0;
  const sentAt: number[] = [];
  const live = httpSender();
  const clock: Clock = { now: real.clock.now, elapsed: () => elapsed, sleep: async (ms) => void (elapsed += ms) };
  const send: HttpSend = (request) => {
    if (!asksWhetherItIsThere(request)) sentAt.push(elapsed);
    return live(request);
  };
  return { sentAt, ways: { requestsPerSecond: ratePerSecond, clock, send } };
}

describe.each([
  { hints: 'with the stream', isHinted: true },
  { hints: 'with the stream switched off', isHinted: false },
])('after a day without MaiAgent, $hints', ({ isHinted }) => {
  it('loses none of the changes, and never asks faster than it may', { timeout: 900_000 }, async () => {
    const users = Array.from({ length: count }, (_, index) => `${userId}-${index}`);
    const ledger = new Map<string, string>();
    let accepted = 0;
    const change = async (user: string, type: string, version: number, name: string): Promise<void> => {
      const { status } = await rig.webhook(event(type, user, version, { ...staff, name }));
      if (status !== 202) throw new Error(`answered ${status}`);
      accepted += 1;
      ledger.set(user, name);
      if (isHinted) await rig.sync({ Records: [{ dynamodb: { Keys: { pk: { S: `user#${user}` } } } }] });
    };
    await real.emulator.goDown('refuse');
    for (let hour = 0; hour < 24; hour += 1) {
      const due = users.filter((_, index) => index % 24 <= hour);
      for (let from = 0; from < due.length; from += 10) {
        await Promise.all(due.slice(from, from + 10).map((user) => change(user, 'updated', hour + 1, `Hour ${hour}`)));
      }
      await rig.sync({ sweep: true });
      real.clock.advance(3_600_000);
    }
    await real.emulator.goUp();
    expect(accepted).toBeGreaterThan(12 * count);

    let sent = 0;
    for (let sweeps = 0; sweeps < 10; sweeps += 1) {
      const { sentAt, ways } = metered();
      await rig.sync({ sweep: true }, ways);
      const gaps = sentAt.slice(1).map((at, index) => Math.round(at - (sentAt[index] ?? 0)));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000 / ratePerSecond);
      sent += sentAt.length;
      real.clock.advance(60_000);
    }
    expect(sent).toBeGreaterThan(count);
    for (const [user, name] of ledger) expect(rig.contactsOf(user)).toMatchObject([{ name }]);
    expect((await rig.links()).filter(({ pk }) => pk.includes(`${userId}-`)).filter(isOutstanding)).toEqual([]);
  });
});
