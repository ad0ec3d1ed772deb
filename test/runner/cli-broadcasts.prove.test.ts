import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apiAccess, localAccess } from '../../local/commands/api/access.ts';
import {
  broadcastId,
  cli,
  expectOneLine,
  previewOf,
  problem,
  showRoute,
  startBroadcastStub,
  type StubApi,
  viewOf,
} from './broadcast-stub.ts';

let stub: StubApi;

beforeAll(async () => {
  stub = await startBroadcastStub();
});
afterAll(async () => {
  await stub.close();
});
beforeEach(() => {
  stub.forget();
  stub.answer('POST /v1/broadcasts/preview', { body: previewOf() });
  stub.answer('POST /v1/broadcasts', { status: 201, body: viewOf({ state: 'accepted' }) });
});

const local = () => ['--local', stub.url];
const send = (...args: string[]) => cli(['send', ...local(), ...args]);
const created = () => stub.callsOf('POST /v1/broadcasts');
const toTwo = ['--message', 'We open at nine.', '--user', 'member-1', 'member-2'];

describe('broadcast preview', () => {
  it('shows whom a broadcast reaches, and sends nothing', async () => {
    const { code, out, err } = await cli(['preview', ...local(), ...toTwo]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([
      'gets it        1 of 2',
      'does not       1 without a conversation, whom MaiAgent does not write to, 1 disabled, 3 not found',
      'takes          about 2 s, in 1 call to MaiAgent',
      'when           at once',
      '',
    ]);
    expect(created()).toEqual([]);
  });

  it('is what send does with --dry-run', async () => {
    expect((await send('--dry-run', '--message', 'x', '--all')).code).toBe(0);
    expect(stub.calls.map(({ route }) => route)).toEqual(['POST /local/token', 'POST /v1/broadcasts/preview']);
  });

  it('says where the clocks change, and what was not counted', async () => {
    const warnings = [
      { local: '2027-03-28T02:30:00', change: 'skipped' },
      { local: '2027-10-31T02:30:00', change: 'repeated' },
    ];
    const nextAt = '2027-03-01T01:00:00Z';
    const conversations = { have: 1, none: 0, unknown: 1, asOf: '2027-02-01T01:00:00Z' };
    stub.answer('POST /v1/broadcasts/preview', {
      body: previewOf({ isWhole: false, audienceHash: null, warnings, nextAt, conversations }),
    });
    const { out } = await cli(['preview', ...local(), ...toTwo]);
    expect(out).toContain('gets it        1 of 2 and more: not all were counted\n');
    expect(out).toContain('not known      1 at whom nobody has looked yet');
    expect(out).toContain('as of          2027-02-01T01:00:00Z and later');
    expect(out).toContain('when           2027-03-01T01:00:00Z\n');
    expect(out).toContain('note           who is reached is decided when the run begins\n');
    expect(out).toContain('warning        2027-03-28T02:30:00 is left out');
    expect(out).toContain('warning        2027-10-31T02:30:00 comes twice');
  });
});

describe('broadcast send', () => {
  it('previews, and sends to exactly those whom the preview showed', async () => {
    const { code, out } = await send(...toTwo);
    expect(code).toBe(0);
    const request = { message: 'We open at nine.', audience: { kind: 'users', userIds: ['member-1', 'member-2'] } };
    expect(stub.calls).toMatchObject([
      { route: 'POST /local/token', body: { scope: 'broadcasts.read broadcasts.write contacts.read' } },
      { route: 'POST /v1/broadcasts/preview', authorization: 'Bearer local-token', body: request },
      { route: 'POST /v1/broadcasts', body: { ...request, audienceHash: 'hash-of-two' } },
    ]);
    const [{ key = '' } = {}] = created();
    expect(key).toMatch(/^[0-9a-f-]{36}$/);
    expect(out).toContain(`with --key ${key}: nothing is sent twice`);
    expect(out).toContain(`broadcast      ${broadcastId} accepted\n`);
    expect(out).toContain(`contact-bridge broadcast show ${broadcastId} --watch --local ${stub.url}\n`);
  });

  it('sends no hash where the preview has none', async () => {
    stub.answer('POST /v1/broadcasts/preview', { body: previewOf({ audienceHash: null }) });
    await send(...toTwo);
    expect(created()[0]?.body).not.toHaveProperty('audienceHash');
  });

  it('sends to one person alone with --test-to, whoever the audience is', async () => {
    await send('--message', 'We open at nine.', '--all', '--at', '2027-03-01 09:00', '--test-to', 'member-9');
    const body = { message: 'We open at nine.', audience: { kind: 'users', userIds: ['member-9'] } };
    expect(created()).toMatchObject([{ body }]);
    expect(created()[0]?.body).not.toHaveProperty('schedule');
    expect((await send(...toTwo, '--test-to', 'member-9', '--key', 'sample')).code).toBe(1);
  });

  it('takes the message from standard input, and every option', async () => {
    const [when, narrowing] = [
      ['--at', '2027-03-01 09:00', '--zone', 'Asia/Taipei', '--lateness', '15'],
      ['--role', 'staff', 'lead', '--group', 'team-a', '--attribute', 'site=north', '--except-user', 'member-9'],
    ];
    const args = ['--message-file', '-', '--all', '--confirm', 'all', ...when, ...narrowing];
    expect((await cli(['send', ...local(), ...args], { input: 'Grüße\n' })).code).toBe(0);
    expect(created()[0]?.body).toEqual({
      message: 'Grüße',
      audience: {
        kind: 'all',
        except: { userIds: ['member-9'] },
        where: { roles: ['staff', 'lead'], groups: ['team-a'], attributes: { site: 'north' } },
      },
      schedule: { kind: 'at', at: '2027-03-01T09:00:00', timeZone: 'Asia/Taipei' },
      latenessMinutes: 15,
      confirm: 'all',
      audienceHash: 'hash-of-two',
    });
  });

  it('repeats the same request under the same key where no answer comes, or one that asks to come again', async () => {
    const busy = { ...problem(503, 'maiagent_busy', 'MaiAgent asks for a pause.'), headers: { 'retry-after': '1' } };
    stub.answer('POST /v1/broadcasts', 'hang up', busy, { status: 201, body: viewOf() });
    const startedMs = performance.now();
    const { code, err } = await send(...toTwo, '--key', 'monday news');
    expect(code).toBe(0);
    expect(performance.now() - startedMs).toBeGreaterThan(1_000);
    expect(err).toMatch(/does not answer \(\S+\): trying again in 0.5 s\n.* is busy \(503\): trying again in 1 s\n$/);
    const [first, ...repeats] = created();
    expect(first?.key).toBe('monday news');
    expect(repeats).toEqual([first, first]);
  });

  it('says that it was accepted before, where the key was used for the same before', async () => {
    stub.answer('POST /v1/broadcasts', { status: 200, body: viewOf() });
    const { out } = await send(...toTwo, '--key', 'monday news');
    expect(out).toContain(`broadcast      ${broadcastId} was accepted before under this key\n`);
  });

  it('says by which key to repeat it where it is not known whether it was accepted', async () => {
    stub.answer('POST /v1/broadcasts', {
      ...problem(503, 'maiagent_busy', 'Busy.'),
      headers: { 'retry-after': '3600' },
    });
    expectOneLine(await send(...toTwo, '--key', 'k-1'), /come again in 3600 s; whether .* not known: .* --key k-1$/m);
    expect(created()).toHaveLength(1);
  });

  it('gives up after five attempts', async () => {
    stub.answer('POST /v1/broadcasts', { ...problem(503, 'maiagent_busy', 'Busy.'), headers: { 'retry-after': '0' } });
    const { code, err } = await send(...toTwo);
    expect(code).toBe(1);
    expect(err).toMatch(/\(503\), 5 times; whether it was accepted is not known/);
    expect(created()).toHaveLength(5);
  });

  it('sends to everybody without a terminal only when told so', async () => {
    expectOneLine(await send('--message', 'x', '--all'), /it needs --confirm all$/m);
    expect(created()).toEqual([]);
    expect((await send('--message', 'x', '--all', '--confirm', 'all')).code).toBe(0);
    expect(created()).toHaveLength(1);
  });

  it('says what is wrong with the request, place by place', async () => {
    const title = 'The body is not what this route takes; errors says where.';
    const errors = [
      { path: 'message', problem: 'must be at most 4000 long' },
      { path: 'schedule', problem: 'is in the past\u001b[2J' },
    ];
    stub.answer('POST /v1/broadcasts/preview', problem(400, 'body_invalid', title, errors));
    const ended = await send(...toTwo);
    expectOneLine(
      ended,
      /: message: must be at most 4000 long; schedule: is in the past\\u001b\[2J \(body_invalid\) \[req/,
    );
    expect(ended.err).not.toContain('errors says where');
    expect(created()).toEqual([]);
  });

  it.each([
    ['audience_changed', /\(audience_changed\): nothing was sent; give the command again/],
    ['broadcast_conflicting', /\(broadcast_conflicting\): nothing was sent now, but this --key was used before/],
  ])('says what to do at %s', async (code, line) => {
    stub.answer('POST /v1/broadcasts', problem(409, code, 'A title.'));
    expectOneLine(await send(...toTwo), line);
  });

  it.each([
    [[...toTwo, '--all'], /'--all' cannot be used with option '--user/],
    [[...toTwo, '--contact', 'c-1'], /'--contact <id...>' cannot be used with option '--user/],
    [[...toTwo, '--message-file', 'x'], /cannot be used with option '--message /],
    [[...toTwo, '--at', '2027-03-01T09:00', '--cron', '0 9 ? * MON *'], /cannot be used with option '--at/],
    [[...toTwo, '--rate', '7 days', '--zone', 'UTC'], /cannot be used with option '--zone/],
    [[...toTwo, '--at', '2027-03-01T09:00', '--end', '2027-12-31T00:00'], /cannot be used with option '--at/],
    [[...toTwo, '--key', 'schlüssel'], /1 to 255 printable ASCII/],
    [['--message', 'x', '--all', '--confirm', 'yes'], /Allowed choices are all/],
  ])('ends with status 1 and one line, and asks nobody: %j', async (args, line) => {
    expectOneLine(await send(...args), line);
    expect(stub.calls).toEqual([]);
  });
});

describe('the way to the API', () => {
  const variables = { CONTACT_BRIDGE_TOKEN: 'service-token\n' };

  it('takes the token from the environment', async () => {
    stub.answer(showRoute, { body: viewOf() });
    const { code } = await cli(['show', broadcastId, '--api', stub.url], { variables });
    expect(code).toBe(0);
    expect(stub.calls).toMatchObject([{ route: showRoute, authorization: 'Bearer service-token' }]);
  });

  it('asks the local issuer for another token when the first has expired', async () => {
    stub.answer(showRoute, { status: 401, body: { message: 'Unauthorized' } }, { body: viewOf() });
    expect((await cli(['show', broadcastId, ...local()])).code).toBe(0);
    expect(stub.callsOf(showRoute).map(({ authorization }) => authorization)).toEqual([
      'Bearer local-token',
      'Bearer local-token-2',
    ]);
  });

  it.each([
    [401, { message: 'Unauthorized' }, /the token is not accepted \(401\)/],
    [403, { message: 'Forbidden' }, /the token may not do this \(403\): it needs broadcasts.read/],
    [502, 'no JSON of ours', /answered 502 and nothing that explains it/],
    [200, { broadcastId: 7 }, /another answer than this command knows/],
  ])('says in one line what an answer of %i %j means', async (status, body, line) => {
    stub.answer(showRoute, { status, body });
    expectOneLine(await cli(['show', broadcastId, '--api', stub.url], { variables }), line);
    expect(stub.calls).toHaveLength(1);
  });

  it('follows no redirection, which would take the token elsewhere', async () => {
    stub.answer(showRoute, { status: 307, headers: { location: `${stub.url}/elsewhere` } });
    expectOneLine(await cli(['show', broadcastId, '--api', stub.url], { variables }), /the API answered 307/);
    expect(stub.calls.map(({ route }) => route)).toEqual([showRoute]);
  });

  it('sends a token over https only, or to this machine', () => {
    const url = (address: string) => apiAccess(address, 'Bearer token', 'sample.scope').url;
    expect(url('https://bridge.example/base/')).toBe('https://bridge.example/base');
    expect(url('http://[::1]:3000')).toBe('http://[::1]:3000');
    for (const address of [
      'http://bridge.example',
      'bridge.example',
      'https://a:b@bridge.example',
      'https://b.example?c',
    ])
      expect(() => url(address)).toThrow(/--api takes an address such as https/);
    expect(() => localAccess('https://localhost', 'sample.scope')).toThrow(/is not on this machine/);
    expect(() => localAccess('http://bridge.example', 'sample.scope')).toThrow(/is not on this machine/);
    expect(() => apiAccess('https://bridge.example', ' ', 'sample.scope')).toThrow(
      /CONTACT_BRIDGE_TOKEN to a token with the scopes sample.scope/,
    );
    expect(() => apiAccess('https://bridge.example', 'two words', 'sample.scope')).toThrow(
      /something that is no token$/,
    );
  });

  it.each([
    [[], /say where: --api <url>, or --local/],
    [['--api', 'https://bridge.example'], /set the environment variable CONTACT_BRIDGE_TOKEN/],
    [['--api', 'https://bridge.example', '--local'], /cannot be used with/],
    [['--local', 'http://localhost:1'], /nothing answers at http:\/\/localhost:1: start it with npm start/],
  ])('ends with status 1 and one line: %j', async (args, line) => {
    expectOneLine(await cli(['list', ...args]), line);
  });
});
