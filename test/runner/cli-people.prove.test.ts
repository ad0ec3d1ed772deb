import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bridge, startBridge } from '../../local/bridge.ts';
import { dynamoDbClient } from '../../local/data/dynamodb-client.ts';
import { expectOneLine, run } from './broadcast-stub.ts';

let bridge: Bridge;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cli-people-'));
  bridge = await startBridge({ port: 0, quiet: true });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await bridge.close();
});

const cli = (args: readonly string[], variables?: Record<string, string>) => run(args, variables && { variables });
const local = () => ['--local', bridge.url];

async function signIn(sub: string, claims: Record<string, unknown>): Promise<number> {
  const token = await bridge.token(sub, { claims });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const { status } = await fetch(`${bridge.url}/v1/identity`, { method: 'POST', headers, body: '{}' });
  return status;
}

describe('contact-bridge explain', () => {
  it('says who set each field, which rule holds, and what MaiAgent has', async () => {
    expect(await signIn('sample-member', { name: 'Sample\u202e Member', roles: ['x'], office: 'head' })).toBe(200);
    const { code, out, err } = await cli(['explain', 'sample-member', ...local()]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^user +sample-member\naccount +active\ncontact +[\da-f-]{36} {2}generation 1\nin the log +[\da-f-]{36}\n/,
    );
    expect(out).toMatch(
      /^MaiAgent +has confirmed everything, last at \d{4}-.*\noutstanding +nothing\nformer +no former/m,
    );
    expect(out).toMatch(/^ {2}generic +- +has never reported this user +tells name, /m);
    expect(out).toMatch(/^ {2}name +token +\d{4}-\S+Z +Sample\\u202e Member$/m);
    expect(out).toMatch(/^ {2}attribute office +token +\d{4}-\S+Z +head$/m);
    expect(out).toMatch(/^permissions +rules\[2\] holds, the first of 3 that does$/m);
    expect(out).toMatch(/^ {2}rules\[0\] +passed over +roles staff: no$/m);
    expect(out).toMatch(/^queryMetadata +\{"knowledge_bases":\[/m);
    // What would turn the direction of a terminal is shown, not obeyed.
    expect(out).not.toContain('\u202e');
  });

  it('says what is unknown, and why', async () => {
    expect(await signIn('member-of-many', { roles: ['staff'], hasgroups: true })).toBe(200);
    const { out } = await cli(['explain', 'member-of-many', ...local()]);
    expect(out).toMatch(/^ {2}groups +token +\S+ +UNKNOWN: the source says that it is kept elsewhere$/m);
    expect(out).toMatch(/^permissions +UNKNOWN: groups\. No rule is asked before it is told: the grant is none$/m);
  });

  it('says what is outstanding, and why it failed last', async () => {
    await bridge.emulator?.goDown('refuse');
    expect(await signIn('member-in-need', { roles: [] })).toBe(503);
    const { out } = await cli(['explain', 'member-in-need', ...local()]);
    await bridge.emulator?.goUp();
    expect(out).toMatch(/^contact +none yet {2}generation 1$/m);
    expect(out).toMatch(
      /^outstanding +to find or create the contact; 1 failed, the last one \(maiagent_unreachable: MaiAgent cannot be reached\.\); next attempt \d{4}-/m,
    );
  });

  it('gives the answer of the API as it is, as JSON', async () => {
    const { out } = await cli(['explain', 'sample-member', '--json', ...local()]);
    expect(JSON.parse(out)).toMatchObject({ userId: 'sample-member', permissions: { rule: 2 }, withheld: null });
  });

  it('says which scope shows more', async () => {
    const token = await bridge.token('back-office', { scope: 'contacts.read' });
    const api = ['explain', 'sample-member', '--api', bridge.url];
    const { code, out } = await cli(api, { CONTACT_BRIDGE_TOKEN: token });
    expect(code).toBe(0);
    expect(out).toMatch(
      /\nnot shown +contact, fields\[\]\.value, permissions\.rules\[\]\.tests\[\]\.holds: the token needs contacts\.write\n$/,
    );
    expect(out).not.toContain('Member');
    const none = await bridge.token('nobody', { scope: 'broadcasts.read' });
    expectOneLine(
      await cli(api, { CONTACT_BRIDGE_TOKEN: none }),
      /may not do this \(403\): it needs contacts\.read\n$/,
    );
  });

  it.each([
    [['explain', 'nobody', '--here'], /userId: is of nobody who is known; ids are case-sensitive \(not_found\)/],
    [['explain', '--here'], /missing required argument 'userId'/],
    [['explain', 'nobody'], /say where: --api <url>, or --local/],
  ])('ends with status 1 and one line: %j', async (args, line) => {
    expectOneLine(await cli(args.flatMap((one) => (one === '--here' ? local() : [one]))), line);
  });
});

describe('contact-bridge status', () => {
  it('says on one screen how the bridge stands, and ends with 0 only where there is nothing to do', async () => {
    const { code, out, err } = await cli(['status', ...local()]);
    expect(err).toBe('');
    expect(out).toMatch(code === 0 ? /^healthy\noutstanding\n/ : /^TO DO\n {2}/);
    const { isHealthy, todo } = JSON.parse((await cli(['status', '--json', ...local()])).out) as {
      isHealthy: boolean;
      todo: string[];
    };
    expect(isHealthy).toBe(todo.length === 0);
  });
});

describe('contact-bridge permissions plan', () => {
  const plan = (...args: readonly string[]) => cli(['permissions', 'plan', ...args, ...local()]);

  it('ends with 0 where the settings change nobody, and with 2 where somebody would move, whom --users names', async () => {
    expect(await signIn('sample-planned', { roles: ['staff'] })).toBe(200);
    const calm = await plan();
    expect([calm.code, calm.err]).toEqual([0, '']);
    expect(calm.out).toMatch(/^\d+ links, 0 would change \(\d+ read units\)\n$/);
    // As if other rules had made it.
    const { dynamoDbEndpoint: endpoint, tableName: TableName } = bridge;
    const client = dynamoDbClient(endpoint);
    const none = { M: { knowledge_bases: { L: [] } } };
    const Key = { pk: { S: 'user#sample-planned' } };
    await client.send(
      new UpdateItemCommand({
        TableName,
        Key,
        UpdateExpression: 'SET desired.queryMetadata = :none, desiredHash = :none_hash',
        ExpressionAttributeValues: { ':none': none, ':none_hash': { S: 'other' } },
      }),
    );
    client.destroy();
    const moved = await plan('--users');
    expect([moved.code, moved.err]).toEqual([2, '']);
    expect(moved.out).toMatch(/^user#sample-planned {2}something else -> rules\[0\] {2}gains \S+, \S+$/m);
    expect(moved.out).toMatch(/^ {2}1 {2}something else -> rules\[0\], 1 gain something$/m);
    const { users, ...json } = JSON.parse((await plan('--users', '--json')).out) as {
      users: object[];
      changed: number;
    };
    expect([users.length, json.changed]).toEqual([1, 1]);
  });
});

describe('contact-bridge permissions check', () => {
  const check = (...args: readonly string[]) => cli(['permissions', 'check', '--stage', 'local', ...args]);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const jwt = (claims: object) => `${part({ alg: 'none' })}.${part(claims)}.`;

  it('says which rule holds for somebody imagined, and which were passed over', async () => {
    const { code, out, err } = await check(
      '--roles',
      'a',
      'b',
      '--groups',
      'engineering',
      '--attributes',
      'office=head',
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^permissions +rules\[1\] holds, the first of 3 that does$/m);
    expect(out).toMatch(
      /^ {2}rules\[0\] +passed over +roles staff: no\n {2}rules\[1\] +holds +groups engineering: yes$/m,
    );
  });

  it('reads a token, or the file of one, as a sign-in does, and says what it leaves unknown', async () => {
    const token = jwt({ sub: 'planted-person', roles: ['staff'], _claim_names: { groups: 'src1' } });
    const file = path.join(folder, 'token.txt');
    writeFileSync(file, `Bearer ${token}\n`);
    for (const given of [token, file]) {
      const { code, out } = await check('--token', given);
      expect(code).toBe(0);
      expect(out).toMatch(/^permissions +UNKNOWN: groups\./m);
      expect(out).not.toContain(token);
    }
    expect(JSON.parse((await check('--json', '--token', jwt({ sub: 'a', roles: 'staff' }))).out)).toMatchObject({
      permissions: { decidedBy: 'rule', rule: 0 },
    });
  });

  it('gives the same as the bridge itself does', async () => {
    const claims = { roles: ['x'], office: 'head' };
    expect(await signIn('sample-twin', claims)).toBe(200);
    const real = JSON.parse((await cli(['explain', 'sample-twin', '--json', ...local()])).out) as object;
    const imagined = JSON.parse(
      (await check('--json', '--token', jwt({ sub: 'sample-twin', ...claims }))).out,
    ) as object;
    expect(imagined).toMatchObject({ permissions: (real as { permissions: object }).permissions });
  });

  it.each([
    [[], /say who: --roles, --groups and --attributes, or --token; --roles '' is somebody without any/],
    [['--roles', 'a', '--token', 'x'], /give --token alone/],
    [['--token', 'not-there'], /not-there cannot be read: ENOENT/],
    [['--token', 'a.b.c'], /--token is no JWT: give its three parts/],
    [['--token', jwt({ name: 'nobody' })], /the token names no user: its claim sub must be a text/],
    [['--attributes', 'office'], /--attributes takes name=value, not office/],
    [['--attributes', 'a=1', 'a=2'], /--attributes takes each name once/],
    [['--roles', 'a'.repeat(257)], /--roles: roles must be a list of texts of 256 characters/],
    [['--roles', 'a', '--stage', 'nope'], /stage nope: infra\/stages\/nope\.ts is missing: copy/],
  ])('ends with status 1 and one line that says what to do: %j', async (args, line) => {
    expectOneLine(await check(...args), line);
  });
});
