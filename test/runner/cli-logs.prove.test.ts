import { createHmac } from 'node:crypto';
import type http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bridge, startBridge } from '../../local/bridge.ts';
import table from '../../local/commands.json' with { type: 'json' };
import { openServer, portOf } from '../../local/runner/runner.ts';
import { until } from '../rigs/until.ts';
import { expectOneLine, run } from './broadcast-stub.ts';

let bridge: Bridge;
const written: string[] = [];
const planted = { name: 'Planted Person', email: 'planted@corp.example', roles: ['planted-role'] };

beforeAll(async () => {
  bridge = await startBridge({ port: 0, log: (line) => void written.push(line) });
  await journey();
});
afterAll(() => bridge.close());

const local = () => ['--local', bridge.url];

async function post(path: string, body: string, headers: Record<string, string>): Promise<number> {
  const all = { 'content-type': 'application/json', ...headers };
  return (await fetch(bridge.url + path, { method: 'POST', headers: all, body })).status;
}

async function signIn(sub: string): Promise<number> {
  return post('/v1/identity', '{}', { authorization: `Bearer ${await bridge.token(sub, { claims: planted })}` });
}

async function hear(userId: string): Promise<number> {
  const at = Math.floor(Date.now() / 1000);
  const data = { userId, version: 7, ...planted, name: 'Planted Name' };
  const body = JSON.stringify({ type: 'user.updated', timestamp: new Date(at * 1000).toISOString(), data });
  const key = Buffer.from(bridge.webhookSecret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`event-${userId}.${at}.${body}`).digest('base64');
  const headers = { 'webhook-id': `event-${userId}`, 'webhook-timestamp': String(at) };
  return post('/v1/webhooks/generic', body, { ...headers, 'webhook-signature': `v1,${signature}` });
}

/** Two people sign in, the store speaks of both, and `sync` brings what it said to MaiAgent. */
async function journey(): Promise<void> {
  const people = ['planted-member', 'planted-other'];
  expect(await Promise.all(people.map(signIn))).toEqual([200, 200]);
  expect(await Promise.all(people.map(hear))).toEqual([202, 202]);
  const isRenamed = ({ name }: { name: string }) => name === 'Planted Name';
  await until(() => bridge.emulator?.store.liveContacts.filter(isRenamed).length === 2, 'both renamed');
  expect(await signIn('planted-member')).toBe(200);
}

describe('contact-bridge logs, on this machine', () => {
  it('finds each sign-in, each event and each call to MaiAgent of one person', async () => {
    const { code, out, err } = await run(['logs', 'planted-member', '--since', '15m', ...local()]);
    expect([code, err]).toEqual([0, '']);
    const words = out
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\d{4}-\S+Z {2}/, '').replace(/ \d+ ms$/, ''));
    expect(words.filter((line) => !line.includes('permissions-unknown'))).toEqual([
      'identify      MaiAgent search: done 200',
      'identify      MaiAgent create: done 201',
      'identify      POST /v1/identity 200',
      'user-changed  event update of generic: accepted',
      'user-changed  POST /v1/webhooks/{source} 202',
      'sync          MaiAgent update: done 200',
      'identify      POST /v1/identity 200',
    ]);
  });

  it('gives the lines as they are, all about one pseudonym, and holds nothing of the person', async () => {
    const { out } = await run(['logs', 'planted-member', '--json', ...local()]);
    const people = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { person: string }).person);
    expect(new Set(people).size).toBe(1);
    const ids = bridge.emulator?.store.contacts.map(({ id }) => id) ?? [];
    for (const line of written) for (const secret of ['planted', 'Planted', ...ids]) expect(line).not.toContain(secret);
  });

  it.each([
    [['logs', 'nobody', '--here'], /there is no user nobody here; ids are case-sensitive/],
    [['logs', 'nobody', '--since', 'noon', '--here'], /Give minutes, hours or days, such as 15m, 24h or 7d/],
    [['logs', 'nobody', '--since', '0h', '--here'], /Give minutes, hours or days/],
    [['logs', '--here'], /missing required argument 'userId'/],
  ])('ends with status 1 and one line: %j', async (args, line) => {
    expectOneLine(await run(args.flatMap((one) => (one === '--here' ? local() : [one]))), line);
  });
});

describe('contact-bridge logs, at AWS', () => {
  const person = '00000000-0000-4000-8000-000000000001';
  type Answer = (asked: Record<string, unknown>) => object;

  /** Stands in for three of AWS's APIs, each operation by its name. */
  async function atAws(args: readonly string[], answers: Record<string, Answer>) {
    const asked: [string, Record<string, unknown>][] = [];
    const server = await openServer(0);
    server.on('request', (req: http.IncomingMessage, res: http.ServerResponse) => {
      let text = '';
      req.on('data', (chunk: Buffer) => (text += chunk.toString()));
      req.on('end', () => {
        const target = req.headers['x-amz-target']?.toString().split('.')[1];
        const [, name = ''] = /functions\/([\w-]+)\/configuration/.exec(req.url ?? '') ?? [];
        const operation = target ?? 'GetFunctionConfiguration';
        const body = target ? (JSON.parse(text) as Record<string, unknown>) : { name };
        asked.push([operation, body]);
        const answer = answers[operation]?.(body) ?? {};
        const error = 'missing' in answer && { 'x-amzn-errortype': 'ResourceNotFoundException' };
        res.writeHead(error ? 404 : 200, { 'content-type': 'application/x-amz-json-1.1', ...error });
        res.end(JSON.stringify(answer));
      });
    });
    const variables = {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${portOf(server)}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'sample',
      AWS_SECRET_ACCESS_KEY: 'sample',
    };
    const ended = await run(args, { variables });
    server.close();
    server.closeAllConnections();
    return { ...ended, asked };
  }

  const configuration: Answer = ({ name }) => ({
    FunctionArn: `arn:aws:lambda:us-east-1:111111111111:function:${String(name)}`,
    Environment: { Variables: { LINKS_TABLE: 'sample-links' } },
    LoggingConfig: { LogGroup: `group-of-${String(name)}` },
  });
  const line = (timestamp: string, more: object) => [
    { field: '@message', value: JSON.stringify({ timestamp, level: 'info', person, ...more }) },
    { field: '@ptr', value: 'x' },
  ];

  it.each([
    ['with a directory', true],
    ['without one', false],
  ])('asks the log groups of a stage %s for the pseudonym of the link', async (_, hasDirectory) => {
    const at = new Date(Date.now() - 60_000).toISOString();
    let polls = 0;
    const { code, out, err, asked } = await atAws(['logs', 'member-17', '--stage', 'prod', '--since', '2h'], {
      GetFunctionConfiguration: (of) =>
        hasDirectory || !String(of['name']).endsWith('-scim') ? configuration(of) : { missing: true },
      GetItem: () => ({ Item: { pk: { S: 'user#member-17' }, pseudonym: { S: person } } }),
      StartQuery: () => ({ queryId: 'query-1' }),
      GetQueryResults: () => {
        polls += 1;
        if (polls === 1) return { status: 'Running', results: [] };
        const request = { job: 'identify', event: 'request', route: 'POST /v1/identity', status: 503, ms: 12 };
        const results = [line(at, { ...request, code: 'maiagent_unreachable' }), line(at, { _aws: {} })];
        return { status: 'Complete', results };
      },
    });
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(`${at}  identify      POST /v1/identity 503 maiagent_unreachable 12 ms\n`);
    const started = asked.find(([operation]) => operation === 'StartQuery')?.[1] ?? {};
    const jobs = ['identify', 'user-changed', ...(hasDirectory ? ['scim'] : []), 'sync', 'manage'];
    const names = jobs.map((job) => `group-of-contact-bridge-prod-${job}`);
    expect(started).toMatchObject({ logGroupNames: names, queryString: expect.stringContaining(`like "${person}"`) });
    expect(Number(started['endTime']) - Number(started['startTime'])).toBeGreaterThanOrEqual(7_200);
    const [, item] = asked.find(([operation]) => operation === 'GetItem') ?? [];
    expect(item).toMatchObject({ TableName: 'sample-links', Key: { pk: { S: 'user#member-17' } } });
  });

  it('status asks no log group that its rights do not name', async () => {
    const { asked } = await atAws(['status', '--stage', 'prod'], {
      GetFunctionConfiguration: configuration,
      StartQuery: () => ({ queryId: 'query-1' }),
      GetQueryResults: () => ({ status: 'Complete', results: [] }),
    });
    const groups = asked.flatMap(([, { logGroupNames = [] }]) => logGroupNames as string[]);
    const [, named = ''] = table.commands.status.needs.split('on the log groups of ');
    const jobs = groups.map((group) => group.replace('group-of-contact-bridge-prod-', ''));
    expect(jobs.toSorted()).toEqual(['scim', 'sync', 'user-changed']);
    for (const job of jobs) expect(named).toContain(job);
  });

  it.each<[string, Record<string, Answer>, RegExp]>([
    ['the query fails', { GetQueryResults: () => ({ status: 'Failed' }) }, /CloudWatch ended the query as Failed/],
    ['there is no link', { GetItem: () => ({}) }, /there is no user member-17 here/],
    [
      'the link is older than pseudonyms',
      { GetItem: () => ({ Item: { pk: { S: 'user#member-17' } } }) },
      /gets one with its next write: nothing can be found yet/,
    ],
  ])('ends with status 1 and one line where %s', async (_, answers, message) => {
    const ended = await atAws(['logs', 'member-17'], {
      GetFunctionConfiguration: configuration,
      GetItem: () => ({ Item: { pk: { S: 'user#member-17' }, pseudonym: { S: person } } }),
      StartQuery: () => ({ queryId: 'query-1' }),
      ...answers,
    });
    expectOneLine(ended, message);
  });
});
