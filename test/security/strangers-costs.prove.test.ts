import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { event, ChangeRig, sampleSources, webhookSecret } from '../rigs/change-rig.ts';
import { Rig } from '../rigs/identify-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';

/** What docs/security.md says of an hour of strangers, measured by strangers who ask far more often. */
describe('an hour of visitors', () => {
  const rig = new Rig({ settings: sampleSettings });
  const processes = 3;
  const budgets = { visitorsPerHour: 1_000, visitorsPerHourAndNetwork: 100 };

  it('from one network costs 100 visitors, 400 writes and 300 calls, and a write for each process', async () => {
    const jobs = Array.from({ length: processes }, () => rig.real.job({ settings: { ...sampleSettings, ...budgets } }));
    const statuses = [];
    for (let asked = 0; asked < 500; asked += 1)
      statuses.push((await rig.visit({}, '198.51.100.1', jobs[asked % processes])).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(100);
    expect(statuses.filter((status) => status === 429)).toHaveLength(400);
    const { writes, calls } = rig.done;
    expect(writes).toBeLessThanOrEqual(400 + processes);
    expect(calls.length).toBeLessThanOrEqual(300);
  });

  it('from everywhere costs a tenth of that for each of a hundred networks', async () => {
    rig.real.clock.advance(3_600_000);
    rig.forgetCalls();
    const small = { visitorsPerHour: 100, visitorsPerHourAndNetwork: 10 };
    const job = rig.real.job({ settings: { ...sampleSettings, ...small } });
    const statuses = [];
    for (let asked = 0; asked < 500; asked += 1)
      statuses.push((await rig.visit({}, `203.0.113.${asked % 100}`, job)).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(100);
    // Once all is spent, a process asks nothing more.
    expect(rig.done.writes).toBeLessThanOrEqual(400 + 2);
  });
});

describe('a webhook without proof', () => {
  let real: RealDeps;
  beforeAll(async () => {
    real = await startDeps({ settings: { sources: sampleSources } });
  });
  afterAll(() => real.close());

  it('costs no read and no write, and is compared with eight secrets at most', async () => {
    const rig = new ChangeRig(real);
    const secretsOf = (count: number) => Array.from({ length: count }, (_, index) => webhookSecret(`secret ${index}`));
    rig.secrets = secretsOf(9);
    real.table.calls.length = 0;
    for (let sent = 0; sent < 50; sent += 1)
      expect((await rig.webhook(event('deleted', `somebody-${sent}`, 1))).status).toBe(401);
    expect(real.table.calls).toEqual([]);
    expect(real.emulator.calls).toEqual([]);
    rig.secrets = secretsOf(8);
    expect((await rig.webhook(event('deleted', 'somebody', 1))).status).toBe(202);
  });
});
