import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isOutstanding } from '../../functions/rules/contacts/link.ts';
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

/** With hints every change is tried at once too, and takes three times as long. The proof makes as many of them as without. */
const hinted = sized({ test: 75, prove: 250, long: 250 });

describe.each([
  { hints: 'with the stream', isHinted: true, count: hinted },
  { hints: 'with the stream switched off', isHinted: false, count: 250 },
])('after a day without MaiAgent, $hints', ({ isHinted, count }) => {
  it('loses none of a thousand changes and more, and never asks faster than it may', { timeout: 180_000 }, async () => {
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

    const from = real.emulator.calls.length;
    const ratePerSecond = 100;
    for (let sweeps = 0; sweeps < 10; sweeps += 1) {
      await rig.sync({ sweep: true }, ratePerSecond);
      real.clock.advance(60_000);
    }
    const at = real.emulator.calls.slice(from).map((one) => one.at);
    const busiest = Math.max(...at.map((start) => at.filter((one) => one >= start && one < start + 1000).length));
    // Timers have a millisecond's grain, and a window of a second holds both of its ends.
    expect(busiest).toBeLessThanOrEqual(ratePerSecond * 1.05 + 1);
    for (const [user, name] of ledger) expect(rig.contactsOf(user)).toMatchObject([{ name }]);
    expect((await rig.links()).filter(({ pk }) => pk.includes(`${userId}-`)).filter(isOutstanding)).toEqual([]);
  });
});
