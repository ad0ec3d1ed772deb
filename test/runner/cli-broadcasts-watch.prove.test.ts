import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  broadcastId,
  cli,
  previewOf,
  runOf,
  showRoute,
  startBroadcastStub,
  startCli,
  type StubApi,
  viewOf,
} from './broadcast-stub.ts';
import { until } from '../rigs/until.ts';

let stub: StubApi;
beforeAll(async () => (stub = await startBroadcastStub()));
afterAll(() => stub.close());
beforeEach(() => {
  stub.forget();
  stub.answer('POST /v1/broadcasts/preview', { body: previewOf() });
  stub.answer('POST /v1/broadcasts', { status: 201, body: viewOf({ state: 'accepted' }) });
});

const local = () => ['--local', stub.url];
const toOne = ['send', '--message', 'x', '--user', 'member-1', '--watch'];
const watched = () => ['show', broadcastId, '--watch', ...local()];
const cancelRoute = `POST /v1/broadcasts/${broadcastId}/cancel`;
const lastWeek = runOf('finished', 10, { scheduledAt: '2027-02-22T01:00:00Z' });

/** What the stub answers to show, in turn. */
const shows = (...views: object[]) => stub.answer(showRoute, ...views.map((said) => ({ body: viewOf(said) })));

const planning = (recipients: number) => ({ recipients, isPlanned: false, perMinute: null });
const noneYet = { planned: 4, claimed: 0, sent: 0, failed: 0, skipped: 0, cancelled: 0, unknown: 0 };
const mixed = { ...noneYet, planned: 0, sent: 8, failed: 1, unknown: 1 };

describe('--watch, without a terminal', () => {
  it('writes a line for each change, and ends with the counts', async () => {
    shows(
      { state: 'scheduled' },
      { runs: [runOf('planning', 0, { ...planning(4), counts: noneYet })] },
      { runs: [runOf('sending', 3)] },
      { runs: [runOf('sending', 3)] },
      { state: 'done', runs: [runOf('finished', 8, { counts: mixed })] },
    );
    const { code, out, err } = await cli([...toOne, ...local()]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const followed = out.split('\n').slice(-8);
    expect(followed).toEqual([
      'accepted: no run has begun',
      'scheduled: no run has begun',
      '2027-03-01T01:00:00Z  planning: 0 of 4 so far, planned 4, sent 0, failed 0, unknown 0',
      '2027-03-01T01:00:00Z  sending: 3 of 10, planned 7, sent 3, failed 0, unknown 0, 120 a minute',
      '2027-03-01T01:00:00Z  finished: 10 of 10, sent 8, failed 1, unknown 1',
      'run            2027-03-01T01:00:00Z  finished: 10 of 10, sent 8, failed 1, unknown 1',
      'state          done',
      '',
    ]);
  });

  it('follows the next run of a broadcast that comes again, not one that was over before', async () => {
    const nextAt = new Date(Date.now() + 1_000).toISOString();
    shows({ nextAt, runs: [lastWeek] }, { nextAt, runs: [runOf('finished', 10), lastWeek] });
    const { code, out } = await cli(watched());
    expect(code).toBe(0);
    expect(out).toContain(`scheduled: the next run begins at ${nextAt}\n`);
    expect(out).toMatch(/run +2027-03-01T01:00:00Z {2}finished: .*\nstate +scheduled\n$/);
  });

  it('stays with its run when a later one begins', async () => {
    const later = runOf('sending', 1, { scheduledAt: '2027-03-01T01:05:00Z' });
    shows({ runs: [runOf('sending', 4)] }, { runs: [later, runOf('finished', 10)] });
    const { out } = await cli(watched());
    expect(out).toMatch(/run +2027-03-01T01:00:00Z {2}finished: 10 of 10.*\nstate +scheduled\n$/);
  });

  it('ends at once where nothing more can come', async () => {
    shows({ state: 'done', runs: [lastWeek] });
    const { code, out } = await cli(watched());
    expect(code).toBe(0);
    expect(out).toMatch(/run +2027-02-22T01:00:00Z {2}finished: 10 of 10, .*\nstate +done\n$/);
    expect(stub.callsOf(showRoute)).toHaveLength(1);
  });

  it.each([
    [{ state: 'failed', lastError: 'schedule_refused' }, /the broadcast failed: schedule_refused/],
    [{ state: 'done', runs: [runOf('expired', 0)] }, /the run expired/],
    [{ state: 'done', runs: [runOf('finished', 0)] }, /hardly anybody got it: 0 of 10; the report says why/],
  ])('ends with status 1 at %j', async (said, line) => {
    shows({}, said);
    const { code, err } = await cli(watched());
    expect(code).toBe(1);
    expect(err).toMatch(line);
  });

  it('goes on watching after a lost answer', async () => {
    stub.answer(showRoute, { body: viewOf() }, 'hang up', { body: viewOf({ state: 'cancelled' }) });
    const { code, out, err } = await cli(watched());
    expect(code).toBe(0);
    expect(err).toMatch(/^\S+ does not answer \(\S+\): trying again in 0.5 s\n$/);
    expect(out).toMatch(/state +cancelled\n$/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops watching at %s, not the broadcast', async (signal) => {
    shows({ runs: [runOf('sending', 4)] });
    const running = startCli(watched(), { input: '' });
    await until(() => stub.callsOf(showRoute).length > 1, 'the watch');
    running.child.kill(signal);
    const { code, out } = await running.ended;
    expect(code).toBe(130);
    expect(out).toMatch(/stopped watching; the broadcast goes on/);
    expect(out).toContain(`  contact-bridge broadcast cancel ${broadcastId} --local ${stub.url}\n`);
    expect(stub.callsOf(cancelRoute)).toEqual([]);
  });
});

// util-linux has it nearly everywhere; where it is missing, nothing else here makes a terminal.
const hasTerminals = spawnSync('script', ['--version']).status === 0;

describe.skipIf(!hasTerminals)('at a terminal', () => {
  const start = { isTerminal: true };
  const toAll = () => startCli(['send', '--message', 'x', '--all', ...local()], start);

  it('draws a bar, and leaves the terminal as it was', async () => {
    shows({ runs: [runOf('sending', 4)] }, { runs: [runOf('finished', 8, { counts: mixed })] });
    const running = startCli(watched(), start);
    const { code, out } = await running.ended;
    expect(code).toBe(0);
    expect(out).toMatch(/sending \[=+-+\] 4 of 10, planned 6, .*, about 3 s left/);
    expect(out).toMatch(/finished \[=+\] 10 of 10, sent 8, failed 1, unknown 1/);
    // The wrapping of lines is switched off for the bar, and on again.
    expect(out.lastIndexOf('\u001b[?7h')).toBeGreaterThan(out.lastIndexOf('\u001b[?7l'));
    expect(out).toMatch(/\nstate +scheduled\r\n$/);
  });

  it('stops watching at Ctrl-C', async () => {
    shows({ runs: [runOf('sending', 4)] });
    const running = startCli(watched(), start);
    await until(() => running.text().includes('sending ['), 'the bar');
    running.child.stdin.write('\u0003');
    const { code, out } = await running.ended;
    expect(code).toBe(130);
    expect(out).toContain('stopped watching; the broadcast goes on');
    expect(out.lastIndexOf('\u001b[?7h')).toBeGreaterThan(out.lastIndexOf('\u001b[?7l'));
    expect(stub.callsOf(cancelRoute)).toEqual([]);
  });

  it('asks before it sends to everybody', async () => {
    const running = toAll();
    await until(() => running.text().includes('Type all to send it:'), 'the question');
    expect(running.text()).toMatch(/gets it +1 of 2\r\n[^]*everybody, 2 now/);
    running.child.stdin.write('all\r');
    expect((await running.ended).code).toBe(0);
    expect(stub.callsOf('POST /v1/broadcasts')).toMatchObject([{ body: { confirm: 'all' } }]);
  });

  it.each([
    ['another word', 'yes\r'],
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('sends nothing at %s', async (_, typed) => {
    const running = toAll();
    await until(() => running.text().includes('Type all to send it:'), 'the question');
    running.child.stdin.write(typed);
    const { code, out } = await running.ended;
    expect(code).toBe(1);
    expect(out).toContain('nothing was sent');
    expect(stub.callsOf('POST /v1/broadcasts')).toEqual([]);
  });
});
