import { describe, expect, it } from 'vitest';
import { call } from '../rigs/gateway-event.ts';
import { Rig, nothing } from '../rigs/identify-rig.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';

const settings = { ...sampleSettings, visitorsPerHour: 100, visitorsPerHourAndNetwork: 3 };
const rig = new Rig({ settings });

describe('new visitors', () => {
  it('of one network leave the others theirs, however often it asks', async () => {
    const job = rig.real.job();
    const statuses = [];
    for (let asked = 0; asked < 1_040; asked++) statuses.push((await rig.visit({}, '198.51.100.1', job)).status);
    expect(statuses.filter((status) => status === 200).length).toBe(3);
    expect(statuses.slice(3).every((status) => status === 429)).toBe(true);
    for (let other = 1; other <= 20; other++) expect((await rig.visit({}, `203.0.113.${other}`, job)).status).toBe(200);
  });

  it('are counted by the /64 of their address', async () => {
    const job = rig.real.job();
    const from = async (address: string) => (await rig.visit({}, address, job)).status;
    expect([await from('2001:db8:7::1'), await from('2001:db8:7::2'), await from('2001:db8:7:0:ffff::3')]).toEqual([
      200, 200, 200,
    ]);
    expect(await from('2001:db8:7:0:1234::4')).toBe(429);
    expect(await from('2001:db8:7:1::1')).toBe(200);
  });

  it('of one IPv6 site, which has 65,536 networks, take a quarter of the budget of all', async () => {
    const job = rig.real.job({ settings: { ...settings, visitorsPerHour: 20_000, visitorsPerHourAndNetwork: 1 } });
    const small = rig.real.job({ settings: { ...settings, visitorsPerHour: 8, visitorsPerHourAndNetwork: 1 } });
    rig.real.clock.advance(3_600_000);
    const from = async (network: string, by = small) => (await rig.visit({}, `2001:db8:${network}::1`, by)).status;
    expect([await from('a1:1'), await from('a1:2'), await from('a1:3')]).toEqual([200, 200, 429]);
    expect([await from('a2:1'), await from('a1:4', job)]).toEqual([200, 200]);
  });

  it.each([undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'are not made by a request of type %s, which a browser sends for any website without asking',
    async (type) => {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      const answer = await call(rig.real.job(), { routeKey: 'POST /v1/visitors', headers });
      expect(answer).toMatchObject({ status: 415, body: { code: 'content_type_unsupported' } });
      expect(rig.done).toEqual(nothing);
    },
  );

  it('cost four writes, by IPv6 five, and two calls', async () => {
    await rig.visit({}, '198.51.100.9');
    expect(rig.done).toEqual({ reads: 1, writes: 4, calls: ['list', 'create'] });
    rig.forgetCalls();
    await rig.visit({}, '2001:db8:b1::9');
    expect(rig.done).toEqual({ reads: 1, writes: 5, calls: ['list', 'create'] });
  });

  it('cost nothing at all once their network has spent its budget', async () => {
    const job = rig.real.job();
    for (let asked = 0; asked < 4; asked++) await rig.visit({}, '198.51.100.2', job);
    rig.forgetCalls();
    const answer = await rig.visit({}, '198.51.100.2', job);
    expect(answer).toMatchObject({ status: 429, body: { code: 'visitor_budget_spent' } });
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(3_600);
    expect(rig.done).toEqual(nothing);
  });

  it('cost nothing once all have spent theirs, from whatever network they come', async () => {
    const job = rig.real.job({ settings: { ...settings, visitorsPerHour: 1 } });
    for (const address of ['198.51.100.21', '198.51.100.22']) await rig.visit({}, address, job);
    rig.forgetCalls();
    for (let n = 0; n < 20; n++) expect((await rig.visit({}, `2001:db8:9:${n}::1`, job)).status).toBe(429);
    expect(rig.done).toEqual(nothing);
  });

  it('leave no address in the table', async () => {
    await rig.visit({}, '198.51.100.77');
    const rows = await rig.real.table.rows();
    expect(rows.length).toBeGreaterThan(1);
    expect(JSON.stringify(rows)).not.toContain('198.51.100');
  });
});

describe('behind CloudFront', () => {
  it('the address counts that CloudFront names, and who goes past it shares one budget', async () => {
    const job = rig.real.job({ settings: { ...settings, isBehindEdge: true } });
    const from = async (client?: string) => (await rig.visit({}, '192.0.2.200', job, client)).status;
    expect([
      await from('198.51.100.31'),
      await from('198.51.100.32'),
      await from('198.51.100.33'),
      await from('198.51.100.34'),
    ]).toEqual([200, 200, 200, 200]);
    expect([await from(), await from(), await from(), await from()]).toEqual([200, 200, 200, 429]);
  });
});
