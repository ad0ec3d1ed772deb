import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoQuarantine, type Quarantined } from '../../functions/io/aws/quarantine.ts';
import { recordIdOf } from '../../functions/rules/sources/kept-delivery.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { ChangeRig, sampleSources, webhookSecret, event } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

let real: RealDeps;
let rig: ChangeRig;
let people = 0;
let userId = '';
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
});
afterAll(() => real.close());
beforeEach(() => {
  userId = `person-${(people += 1)}`;
  rig = new ChangeRig(real);
  real.lines.length = 0;
});

interface Line extends Quarantined {
  readonly closedAs?: string;
  readonly why?: string;
}
/** What the table holds of an event that was quarantined, be it still in quarantine or not. */
async function linesOf(eventId: string): Promise<Line[]> {
  const rows = (await real.table.rows()) as unknown as (Line & { pk: string })[];
  return rows.filter((row) => row.pk.startsWith('quarantined#') && row.eventId === eventId);
}
const redrive = (source = 'generic') => rig.hear({ redrive: true, source });
const discard = (ids: string[], why: string) => rig.hear({ discard: ids, why });
const counted = (metric: string) => real.lines.filter((line) => line.includes(`"${metric}":1`)).length;
/** A change whose version lies so far ahead that nobody can apply it yet. */
const ahead = (type: string) => {
  const version = new Date(real.clock.now() + 302_000).toISOString();
  return { ...event(type, userId, 1), data: { userId, version } };
};
const created = () => ({ ...event('created', userId, 1), data: { userId, version: '2026-01-01T00:00:00Z' } });
/** Signed well, and never an event. */
const never = (text: string) => ({ ...event('created', userId, 1), data: { userId, version: 'never', name: text } });

describe('a record that is redriven', () => {
  it('stays where its source is of another kind by now, which would pass its disable over', async () => {
    await rig.webhook(created());
    expect(await rig.webhook(ahead('disabled'), { id: userId })).toMatchObject({ body: { status: 'quarantined' } });
    real.clock.advance(302_001);
    const { settings } = rig;
    for (const kind of ['auth0', 'clerk', 'scim']) {
      rig.settings = { ...settings, sources: [sourceSchema.parse({ kind, name: 'generic' })] };
      expect(await redrive()).toEqual({ found: 1, redriven: 0, left: 1 });
    }
    rig.settings = settings;
    expect(await redrive()).toEqual({ found: 1, redriven: 1, left: 0 });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
  });

  it('stays, with its reason, where its id was accepted with other contents', async () => {
    expect(await rig.webhook(created(), { id: userId })).toMatchObject({ body: { status: 'accepted' } });
    expect(await rig.webhook(ahead('disabled'), { id: userId })).toMatchObject({ body: { status: 'quarantined' } });
    real.clock.advance(302_001);
    expect(await redrive()).toMatchObject({ found: 1, redriven: 0, left: 1 });
    const [line] = await linesOf(userId);
    expect(line).toMatchObject({ flaws: [{ path: 'id', problem: 'was accepted before, with other contents' }] });
    expect([line?.closedAs, line?.record['body']]).toEqual([undefined, expect.any(String)]);
    await discard([recordIdOf(line!)], 'ended by hand in the store');
  });

  it('needs no proof again, also after every secret was changed', async () => {
    expect(await rig.webhook(ahead('created'), { id: userId })).toMatchObject({ body: { status: 'quarantined' } });
    rig.secrets = [webhookSecret('another sample secret')];
    real.clock.advance(302_001);
    expect(await redrive()).toMatchObject({ found: 1, redriven: 1, left: 0 });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'active' });
  });

  it('is applied once by two redrives at once, and leaves with its change', async () => {
    for (let index = 0; index < 5; index += 1) await rig.webhook(ahead('updated'), { id: `${userId}-${index}` });
    real.clock.advance(302_001);
    const both = (await Promise.all([redrive(), redrive()])) as { redriven: number; left: number }[];
    expect(both.reduce((sum, { redriven }) => sum + redriven, 0)).toBe(5);
    expect(both.map(({ left }) => left)).toEqual([0, 0]);
    expect(counted('Redriven')).toBe(5);
    for (let index = 0; index < 5; index += 1)
      expect(await linesOf(`${userId}-${index}`)).toMatchObject([{ closedAs: 'accepted' }]);
  });

  it('ends as ignored where its event is none of ours by now', async () => {
    const sent = { ...event('created', userId, 1), timestamp: 'never' };
    expect(await rig.webhook(sent, { id: userId })).toMatchObject({ body: { status: 'quarantined' } });
    const other = sourceSchema.parse({ kind: 'generic', name: 'generic', types: { left: 'disabled' } });
    const elsewhere = new ChangeRig(real, { sources: [other] });
    expect(await elsewhere.hear({ redrive: true, source: 'generic' })).toMatchObject({ found: 1, redriven: 1 });
    expect(await linesOf(userId)).toMatchObject([{ closedAs: 'ignored' }]);
  });

  it('is passed on to the next call where the time of one is over', async () => {
    const slow = { ...real.clock, elapsed: () => (real.clock.advance(0), (elapsedMs += 8_000)) };
    let elapsedMs = 0;
    for (let index = 0; index < 4; index += 1) await rig.webhook(never('x'), { id: `${userId}-${index}` });
    const hurried = new ChangeRig({ ...real, clock: slow });
    const seen: unknown[] = [];
    let from: object | undefined;
    for (let calls = 0; calls < 9; calls += 1) {
      const done = (await hurried.hear({ redrive: true, ...(from && { from }) } as never)) as {
        found: number;
        next?: object;
      };
      seen.push(done.found);
      from = done.next;
      if (!from) break;
    }
    expect(seen.reduce((sum: number, found) => sum + Number(found), 0)).toBe(4);
    expect(seen.length).toBeGreaterThan(2);
    for (let index = 0; index < 4; index += 1)
      for (const line of await linesOf(`${userId}-${index}`)) await discard([recordIdOf(line)], 'a sample reason');
  });
});

describe('what arrives and cannot be read', () => {
  it('is kept beside another that came under the same id', async () => {
    expect(await rig.webhook(never('one'), { id: userId })).toMatchObject({ body: { status: 'quarantined' } });
    expect(await rig.webhook(never('other'), { id: userId })).toMatchObject({ body: { status: 'quarantined' } });
    const lines = await linesOf(userId);
    expect(lines).toHaveLength(2);
    await discard(lines.map(recordIdOf), 'a sample reason');
  });

  it('is one record however often it is delivered, at once or after its end', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => rig.webhook(never('x'), { id: userId })));
    expect(answers.map(({ body }) => String(body.status)).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'quarantined',
      ...Array.from({ length: 5 }, () => 'repeated'),
    ]);
    const [line, ...others] = await linesOf(userId);
    expect(others).toEqual([]);
    await discard([recordIdOf(line!)], 'a sample reason');
    expect(await rig.webhook(never('x'), { id: userId })).toMatchObject({ body: { status: 'repeated' } });
    expect(await linesOf(userId)).toMatchObject([{ closedAs: 'discarded' }]);
  });

  it('is kept without its proof, and with what tells by which key it was proven', async () => {
    await rig.webhook(never('x'), { id: userId });
    const before = await linesOf(userId);
    expect(JSON.stringify(before)).not.toMatch(/v1,|webhook-signature|header/);
    expect(before[0]?.record).toEqual({
      body: expect.any(String),
      eventId: userId,
      key: expect.stringMatching(/^\w{16}$/),
      kind: 'generic',
    });
    rig.secrets = [webhookSecret('another sample secret')];
    await rig.webhook(never('y'), { id: userId });
    const lines = await linesOf(userId);
    expect(new Set(lines.map(({ record }) => record['key'])).size).toBe(2);
    await discard(lines.map(recordIdOf), 'a sample reason');
  });

  it('knows its own write again where only the acknowledgement was lost', async () => {
    const quarantine = new DynamoQuarantine(real.table.client, 'Links', real.clock);
    const receipt = { source: 'generic', eventId: userId, contentHash: 'sample' };
    const item: Quarantined = { ...receipt, arrivedAtMs: 1, flaws: [], record: {} };
    expect([await quarantine.keep(item, 'mine'), await quarantine.keep(item, 'mine')]).toEqual(['kept', 'kept']);
    expect(await quarantine.keep(item, 'theirs')).toBe('repeated');
    const close = (mark: string) => quarantine.close(recordIdOf(item), 'discarded', mark, 'a sample reason');
    expect([await close('mine'), await close('mine'), await close('theirs')]).toEqual([true, true, false]);
  });

  it('is kept where a stream gives an id that was accepted with other contents', async () => {
    await rig.record('INSERT', { userId, version: 1, status: 'active' }, { id: userId });
    const other = await rig.record('MODIFY', { userId, version: 2, status: 'suspended' }, { id: userId });
    expect(other).toEqual({ batchItemFailures: [] });
    const lines = await linesOf(userId);
    expect(lines).toMatchObject([{ source: 'users', flaws: [{ path: 'id' }] }]);
    await discard(lines.map(recordIdOf), 'a sample reason');
  });
});

describe('a record that is discarded', () => {
  it('leaves a line with the reason and nothing of its contents', async () => {
    await rig.webhook(never('Planted Name'), { id: userId });
    const [line] = await linesOf(userId);
    const answer = await discard([recordIdOf(line!), 'nothing-of-this-name'], ' sent by a test ');
    expect(answer).toEqual({ discarded: 1, missing: ['nothing-of-this-name'] });
    const [left] = await linesOf(userId);
    expect(left).toMatchObject({ closedAs: 'discarded', why: 'sent by a test', eventId: userId });
    expect(left?.record).toBeUndefined();
    expect(counted('Discarded')).toBe(1);
    expect(await redrive()).toMatchObject({ found: 0 });
    expect(await discard([recordIdOf(line!)], 'again')).toEqual({ discarded: 0, missing: [recordIdOf(line!)] });
  });

  it.each(['', '  ', 'x'.repeat(501), undefined])('needs a reason: %j is none', async (why) => {
    await rig.webhook(never('x'), { id: userId });
    const [line] = await linesOf(userId);
    await expect(discard([recordIdOf(line!)], why as string)).rejects.toThrow('why must be');
    expect((await linesOf(userId))[0]?.closedAs).toBeUndefined();
    await discard([recordIdOf(line!)], 'a sample reason');
  });
});

describe('the audit trail', () => {
  const asked = () =>
    real.lines.flatMap((line) => (line.includes('"operator-asked"') ? [JSON.parse(line) as object] : []));
  const operator = 'arn:aws:sts::123456789012:assumed-role/Operators/sample';

  it('says who asked for what, and nothing that somebody has slipped in', async () => {
    const ask = (event: object) => rig.hear(event as Parameters<typeof rig.hear>[0]);
    await ask({ redrive: true, source: 'generic', operator });
    await ask({ discard: ['none'], why: 'a Planted reason', operator: 'Planted Name, and more' });
    await ask({ refresh: 'Planted-user' });
    await ask({ Records: [], operator });
    await ask({ fullRead: 'generic', release: 1, operator });
    await ask({ fullRead: 'generic', operator });
    expect(asked()).toMatchObject([
      { action: 'redrive', operator, source: 'generic' },
      { action: 'discard', operator: 'unnamed', records: 1 },
      { action: 'refresh', operator: 'unnamed' },
      { action: 'replay', operator },
      { action: 'release', operator, source: 'generic' },
    ]);
    expect(asked()).toHaveLength(5);
    expect(real.lines.join('\n')).not.toContain('Planted');
  });

  it('has no line for what nobody asked for', async () => {
    await rig.webhook(created());
    await rig.hear({ Records: [] });
    await rig.hear({ reads: true });
    expect(asked()).toEqual([]);
  });
});
