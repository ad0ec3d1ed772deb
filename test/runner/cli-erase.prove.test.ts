import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bridge, startBridge } from '../../local/bridge.ts';
import { expectOneLine, problem, run, startBroadcastStub, type StubApi } from './broadcast-stub.ts';

let bridge: Bridge;
let stub: StubApi;
let userId = '';
let people = 0;
beforeAll(async () => {
  [bridge, stub] = await Promise.all([startBridge({ port: 0, quiet: true }), startBroadcastStub()]);
});
afterAll(async () => void (await Promise.all([bridge.close(), stub.close()])));
beforeEach(async () => {
  userId = `member-of-the-command-line-${(people += 1)}`;
  const token = await bridge.token(userId, { claims: { name: 'Sample' } });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  expect((await fetch(`${bridge.url}/v1/identity`, { method: 'POST', headers, body: '{}' })).status).toBe(200);
});

const local = (...args: string[]) => run([...args, '--local', bridge.url]);
const explained = async () =>
  JSON.parse((await local('explain', userId, '--json')).out) as Record<'accountStatus' | 'generation', unknown>;

describe('contact-bridge erase', () => {
  it('without a terminal and --yes says what is there and changes nothing', async () => {
    const { code, out, err } = await local('erase', userId);
    expect(code).toBe(1);
    expect(out).toMatch(
      new RegExp(`^user +${userId}: active, generation 1\\ncontacts +[\\da-f-]{36}; 0 former ones\\n`),
    );
    expect(err).toBe('contact-bridge: without a terminal to ask at, it needs --yes\n');
    expect(await explained()).toMatchObject({ accountStatus: 'active' });
  });

  it('asks at a terminal, and takes no other word than erase', async () => {
    const no = await run(['erase', userId, '--local', bridge.url], { isTerminal: true, input: 'yes\n' });
    expect([no.code, no.out]).toEqual([1, expect.stringContaining('nothing was erased')]);
    expect(await explained()).toMatchObject({ accountStatus: 'active' });
  });

  it('with --yes erases, shows the receipt, and ends with 1 while something is outstanding', async () => {
    const { code, out } = await local('erase', userId, '--yes');
    expect(code).toBe(1);
    expect(out).toMatch(/^erasure +outstanding since \S+Z: (contacts, )?records$/m);
    expect(out).toMatch(/^left +tombstone: the id with versions/m);
    expect(await explained()).toMatchObject({ accountStatus: 'deleted' });
    const again = await local('erase', userId, '--yes', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ userId, state: 'outstanding', doneAt: null });
    expect(again.err).toContain('deleted');
  });

  it('with --wait comes back when all is done, with 0', async () => {
    const user = JSON.parse((await local('explain', userId, '--json')).out) as object;
    await local('erase', userId, '--yes');
    const { out } = await local('erase', userId, '--yes', '--json');
    const receipt = JSON.parse(out) as object;
    const done = { ...receipt, state: 'done', doneAt: '2030-01-01T00:00:00.000Z', outstanding: [] };
    stub.answer('GET /v1/users/-', { body: user });
    stub.answer('DELETE /v1/users/-', { status: 202, body: { outcome: 'deleted' } });
    stub.answer('GET /v1/users/-/erasure', { body: { ...receipt, outstanding: ['records'] } }, { body: done });
    const waited = await run(['erase', userId, '--yes', '--wait', '--local', stub.url]);
    expect([waited.code, waited.err]).toEqual([0, 'outstanding: records\n']);
    expect(waited.out).toMatch(/^erasure +done since \S+, done 2030-01-01T00:00:00.000Z$/m);
    expect(stub.callsOf('DELETE /v1/users/-')).toHaveLength(1);
    stub.answer('DELETE /v1/users/-', problem(403, 'insufficient_scope', 'The token lacks a scope.'));
    expect((await run(['erase', userId, '--yes', '--local', stub.url])).code).toBe(1);
  });
});

describe('contact-bridge rotate', () => {
  it('says what is lost, asks, and begins the next generation only with --yes or the word', async () => {
    const asked = await local('rotate', userId);
    expect([asked.code, asked.err]).toEqual([1, 'contact-bridge: without a terminal to ask at, it needs --yes\n']);
    expect(asked.out).toMatch(/^lost +the history of 0 conversations, to the user$/m);
    const no = await run(['rotate', userId, '--local', bridge.url], { isTerminal: true, input: 'erase\n' });
    expect([no.code, no.out]).toEqual([1, expect.stringContaining('nothing was changed')]);
    expect(await explained()).toMatchObject({ generation: 1 });
    const { code, out } = await local('rotate', userId, '--yes');
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^the user has generation 2; the former contact is being erased$/m),
    ]);
    expect(await explained()).toMatchObject({ generation: 2, accountStatus: 'active' });
    const answer = await local('rotate', userId, '--yes', '--json');
    expect(JSON.parse(answer.out)).toMatchObject({ generation: 3 });
    expect(answer.err).toMatch(/^lost +the history/m);
  });
});

it.each(['erase', 'rotate'])('%s of somebody whom nobody knows ends with 1 and says so', async (command) => {
  expectOneLine(
    await local(command, 'nobody', '--yes'),
    /is of nobody who is known; ids are case-sensitive \(not_found\)/,
  );
});
