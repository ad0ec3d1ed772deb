import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bridge, startBridge } from '../../local/bridge.ts';
import { type DynamoDb, startDynamoDb } from '../../local/data/dynamodb.ts';
import { dynamoDbClient } from '../../local/data/dynamodb-client.ts';
import { declareUserTable } from '../rigs/user-table.ts';
import { openServer, portOf } from '../../local/runner/runner.ts';
import { webhookExample } from '../../local/webhook-example.ts';
import { until } from '../rigs/until.ts';
import { bareEnv } from '../rigs/bare-env.ts';

const program = fileURLToPath(new URL('../../local/cli.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(command: string, args: readonly string[], variables: Record<string, string> = {}): Promise<Ended> {
  const env = { ...bareEnv, AWS_EC2_METADATA_DISABLED: 'true', ...variables };
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  return new Promise((settle) => void child.once('close', (code) => settle({ code, out, err })));
}

const cli = (args: readonly string[], variables?: Record<string, string>) =>
  run(process.execPath, [program, ...args], variables);

const key = randomBytes(32);
const secret = `whsec_${key.toString('base64')}`;

let dynamoDb: DynamoDb;
let bridge: Bridge;

/** A bridge that reads the version of `portal` from this place. */
const start = (version: string) =>
  startBridge({
    port: 0,
    dynamoDb: new URL(dynamoDb.endpoint),
    sources: [{ kind: 'generic', name: 'portal', version }],
    sourceSecrets: { portal: [secret] },
    quiet: true,
  });

async function send(id: string, revision: unknown = 7): Promise<number> {
  const at = Math.floor(Date.now() / 1000);
  const data = { userId: 'sample-member', revision, name: 'Sample Member' };
  const body = JSON.stringify({ type: 'user.updated', timestamp: new Date(at * 1000).toISOString(), data });
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
  const { status } = await fetch(`${bridge.url}/v1/webhooks/portal`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return status;
}

beforeAll(async () => {
  dynamoDb = await startDynamoDb({ engine: 'embedded' });
  bridge = await start('version');
});
afterAll(async () => {
  await bridge.close();
  await dynamoDb.close();
});

describe('the sample change that the start shows', () => {
  it('is accepted as it is pasted, and as often as it is', async () => {
    const example = webhookExample(bridge.url, bridge.webhookSecret);
    const first = await run('bash', ['-c', example]);
    expect(first).toEqual({ code: 0, out: '{"status":"accepted"}', err: '' });
    const again = await run('bash', ['-c', example.replaceAll('\n', '\n  ')]);
    expect(again).toEqual({ code: 0, out: '{"status":"accepted"}', err: '' });
  });
});

describe('contact-bridge, on this machine', () => {
  const local = () => ['--local', bridge.url];

  it('says that nothing is in quarantine', async () => {
    expect(await cli(['quarantine', 'list', ...local()])).toEqual({
      code: 0,
      out: 'nothing is in quarantine\n',
      err: '',
    });
    expect((await cli(['redrive', ...local()])).out).toBe('0 records found, 0 redriven, 0 left\n');
  });

  it('probes the MaiAgent that it speaks to, where somebody agrees, and leaves nothing there', async () => {
    const probe = ['doctor', '--probe', ...local()];
    const people = bridge.emulator!.store.liveContacts.length;
    const before = bridge.emulator!.calls.length;
    const refused = await cli(probe);
    expect([refused.code, refused.out, bridge.emulator!.calls.length]).toEqual([1, '', before]);
    expect(refused.err).toMatch(/^This makes at most \d+ calls[^]*nothing was done/);
    const { code, out } = await cli([...probe, '--yes']);
    expect(code).toBe(0);
    expect(out).toMatch(/^uniqueness: racy \(.*\n[^]*no scratch contact is left\n$/m);
    expect(bridge.emulator!.store.liveContacts).toHaveLength(people);
  });

  it('lists what nobody could read, and none of its contents', async () => {
    expect(await send('event-1')).toBe(202);
    expect(await send('event-2')).toBe(202);
    const { code, out } = await cli(['quarantine', 'list', ...local()]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:]{8}Z {2}[\da-f]{32} {2}portal {2}event-1 {2}\S+ .+\n.* portal {2}event-2 .+\n$/,
    );
    expect(out).not.toContain('Sample Member');
  });

  it('lists no more than it is asked for', async () => {
    const { out } = await cli(['quarantine', 'list', '--max', '1', ...local()]);
    expect(out.split('\n')).toEqual([expect.stringContaining('event-1'), 'stopped after 1: --max shows more', '']);
  });

  it('counts without a change, leaves what still cannot be read, and passes over other sources', async () => {
    const counted = '2 records in quarantine; nothing was changed\n';
    expect((await cli(['redrive', '--dry-run', ...local()])).out).toBe(counted);
    expect((await cli(['redrive', ...local()])).out).toMatch(/^2 records found, 0 redriven, 2 left\nWhat is left/);
    expect((await cli(['redrive', '--source', 'generic', ...local()])).out).toMatch(/^0 records found/);
    const mistyped = await cli(['redrive', '--source', 'protal', ...local()]);
    expect([mistyped.code, mistyped.out]).toEqual([1, '']);
    expect(mistyped.err).toBe(
      `contact-bridge: there is no source protal, and no record of one: ${bridge.url} has generic, portal\n`,
    );
    expect((await cli(['redrive', '--dry-run', ...local()])).out).toBe(counted);
  });

  it('redrives what is understood after the mapping was put right, and is harmless again', async () => {
    await bridge.close();
    bridge = await start('revision');
    expect((await cli(['redrive', ...local()])).out).toBe('2 records found, 2 redriven, 0 left\n');
    expect((await cli(['redrive', ...local()])).out).toBe('0 records found, 0 redriven, 0 left\n');
    expect((await cli(['quarantine', 'list', ...local()])).out).toBe('nothing is in quarantine\n');
    expect((await cli(['quarantine', 'list', '--closed', ...local()])).out).toMatch(
      /event-1 {2}accepted\n.* event-2 {2}accepted\n/,
    );
  });

  it('discards a record with a reason, which is all that is left of it', async () => {
    expect(await send('event-3', 'never')).toBe(202);
    const [, recordId = ''] = (await cli(['quarantine', 'list', ...local()])).out.split('  ');
    const discard = ['quarantine', 'discard', recordId, ...local()];
    expect((await cli(discard)).err).toMatch(/required option '--why <reason>' not specified/);
    expect(await cli([...discard, '--why', 'sent by a test'])).toEqual({
      code: 0,
      out: '1 record discarded\n',
      err: '',
    });
    const again = await cli([...discard, '--why', 'sent by a test']);
    expect([again.code, again.out, again.err]).toEqual([
      1,
      '0 records discarded\n',
      `contact-bridge: not in quarantine: ${recordId}\n`,
    ]);
    const { out } = await cli(['quarantine', 'list', '--closed', ...local()]);
    expect(out).toMatch(/event-3 {2}discarded: sent by a test\n$/);
    expect((await cli(['redrive', ...local()])).out).toBe('0 records found, 0 redriven, 0 left\n');
  });

  it.each([
    [['quarantine', 'discard', '$(id)', '--why', 'x'], /Give ids as quarantine list shows them/],
    [['redrive', '--local', 'http://bridge.example'], /is not on this machine/],
    [['redrive', '--local', 'http://localhost:1'], /nothing answers at http:\/\/localhost:1: start it with npm start/],
    [['redrive', '--local', '--stage', 'dev'], /cannot be used with/],
    [['quarantine', 'list', '--max', '0'], /Give a number from 1 to 10000/],
    [['redrive', '--everything'], /unknown option '--everything'/],
  ])('ends with status 1 and one line: %j', async (args, line) => {
    const { code, err } = await cli(args);
    expect(code).toBe(1);
    expect(err).toMatch(line);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('contact-bridge', () => {
  it('says which version it is', async () => {
    expect(await cli(['--version'])).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
  });

  it.each([
    [['redrive'], ['lambda:InvokeFunction'], ['GetFunctionConfiguration', 'dynamodb:']],
    [
      ['quarantine', 'list'],
      ['lambda:GetFunctionConfiguration', 'dynamodb:GetItem', 'dynamodb:Query'],
      ['InvokeFunction'],
    ],
  ])('names the permissions that %j needs, and no others', async (args, needed, others) => {
    const { out } = await cli([...args, '--help']);
    for (const permission of needed) expect(out).toContain(permission);
    for (const permission of others) expect(out).not.toContain(permission);
  });

  it.each([
    [{}, /^contact-bridge: AWS: Region is missing: set AWS_REGION, such as AWS_REGION=\S+\n$/],
    [{ AWS_REGION: 'us-east-1', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' }, /load credentials .*: set AWS_PROFILE/],
  ])('says what to set where AWS cannot be asked: %j', async (variables, line) => {
    const { code, err } = await cli(['redrive'], variables);
    expect([code, err]).toEqual([1, expect.stringMatching(line)]);
  });
});

describe('contact-bridge, at AWS', () => {
  interface Call {
    readonly path: string;
    readonly event: unknown;
  }

  const operator = 'arn:aws:sts::123456789012:assumed-role/Operators/sample';

  /** Stands in for Lambda's API and for STS: gives these answers in turn. */
  async function atLambda(
    args: readonly string[],
    ...answers: { status?: number; error?: string; body: object }[]
  ): Promise<Ended & { calls: Call[] }> {
    const calls: Call[] = [];
    const server = await openServer(0);
    server.on('request', (req: http.IncomingMessage, res: http.ServerResponse) => {
      let body = '';
      req.on('data', (text: Buffer) => (body += text.toString()));
      req.on('end', () => {
        const arn = `<GetCallerIdentityResult><Arn>${operator}</Arn></GetCallerIdentityResult>`;
        if (req.url === '/') return void res.end(`<GetCallerIdentityResponse>${arn}</GetCallerIdentityResponse>`);
        calls.push({ path: req.url ?? '', event: JSON.parse(body || 'null') });
        const { status = 200, error, body: answer } = answers[calls.length - 1] ?? { status: 500, body: {} };
        res.writeHead(status, {
          'content-type': 'application/json',
          ...(status >= 400 && error && { 'x-amzn-errortype': error }),
          ...(status < 400 && error && { 'x-amz-function-error': error }),
        });
        res.end(JSON.stringify(answer));
      });
    });
    const ended = await cli(args, {
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${portOf(server)}`,
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${portOf(server)}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'sample',
      AWS_SECRET_ACCESS_KEY: 'sample',
    });
    server.close();
    return { ...ended, calls };
  }

  it('calls the function of the stage, and again where one call ran out of time', async () => {
    const timedOut = { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 28.00 seconds' };
    const { calls, out } = await atLambda(
      ['redrive', '--stage', 'prod', '--source', 'portal'],
      { error: 'Unhandled', body: timedOut },
      { body: { found: 2, redriven: 0, left: 2, next: { recordId: 'sample', arrivedAtMs: 1 } } },
      { error: 'Unhandled', body: timedOut },
      { body: { found: 1, redriven: 1, left: 0 } },
    );
    expect(out).toMatch(/^3 records found, 1 redriven, 2 left\n/);
    const call = {
      path: '/2015-03-31/functions/contact-bridge-prod-user-changed/invocations',
      event: { redrive: true, source: 'portal', operator },
    };
    const from = { recordId: 'sample', arrivedAtMs: 1 };
    const further = { ...call, event: { ...call.event, from } };
    expect(calls).toEqual([call, call, further, further]);
  });

  it('knows no source that neither has a record nor stands in the file of the stage', async () => {
    const none = { body: { found: 0, redriven: 0, left: 0 } };
    const { code, err } = await atLambda(['redrive', '--stage', 'dev', '--source', 'nope'], none);
    expect([code, err]).toEqual([1, expect.stringMatching(/no source nope, .*: infra\/stages\/dev\.ts has /)]);
    const elsewhere = await atLambda(['redrive', '--stage', 'prod', '--source', 'nope'], none);
    expect([elsewhere.code, elsewhere.out]).toEqual([0, '0 records found, 0 redriven, 0 left\n']);
  });

  it.each([
    [
      'the function fails',
      { error: 'Unhandled', body: { errorMessage: 'boom' } },
      /the function failed: boom; its log/,
    ],
    [
      'there is no such stage',
      { status: 404, error: 'ResourceNotFoundException', body: { Message: 'Function not found' } },
      /no function contact-bridge-dev-user-changed in this account and region/,
    ],
    [
      'the caller may not',
      { status: 403, error: 'AccessDeniedException', body: { Message: 'not authorized to perform' } },
      /AWS: not authorized to perform/,
    ],
    ['the function is of another version', { body: { statusCode: 503 } }, /another answer than this command knows/],
  ])('ends with status 1 and one line where %s', async (_, answer, line) => {
    const { code, err } = await atLambda(['redrive'], answer);
    expect(code).toBe(1);
    expect(err).toMatch(line);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('a user table beside the bridge', () => {
  it('is a source: what is written there is taken in', async () => {
    const { endpoint, close } = await startDynamoDb({ engine: 'embedded' });
    const sources = [await declareUserTable(endpoint, { name: 'users' })];
    const withTable = await startBridge({ port: 0, dynamoDb: new URL(endpoint), sources, quiet: true });
    try {
      const { PutItemCommand, ScanCommand } = await import('@aws-sdk/client-dynamodb');
      const client = dynamoDbClient(withTable.dynamoDbEndpoint);
      const Item = { userId: { S: 'sample-member' }, name: { S: 'Sample Member' } };
      await client.send(new PutItemCommand({ TableName: 'Users', Item }));
      const links = async () => (await client.send(new ScanCommand({ TableName: withTable.tableName }))).Items ?? [];
      await until(async () => (await links()).some(({ pk }) => pk?.S === 'user#sample-member'), 'the link');
      client.destroy();
    } finally {
      await withTable.close();
      await close();
    }
  });
});
