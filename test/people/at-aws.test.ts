import http from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../functions/io/clock.ts';
import { httpSender } from '../../functions/io/https.ts';
import { holding, linksOf } from '../../local/people/export.ts';
import { placesOf } from '../../local/people/places.ts';
import { finderOf } from '../../local/people/texts.ts';
import { awsDeployment } from '../../local/commands/deployment.ts';
import { Scratch } from '../../local/deployed/scratch.ts';
import { openServer, portOf } from '../../local/runner/runner.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { inboxId, startDeps, type RealDeps } from '../rigs/real-parts.ts';

const planted = 'Planted Örtlich';
const person = 'planted-person';

/** A list of a service in pages of one, as CloudFormation, S3 and CloudWatch Logs give it: each by the token of the former page. */
const pageOf = <One>(all: readonly One[], token: string | null | undefined) => {
  const at = Number(token ?? 0);
  return { one: all[at], next: at + 1 < all.length ? String(at + 1) : undefined };
};

type Resource = readonly [type: string, id: string, status?: string];
let resources: readonly Resource[];
const objects: Record<string, string> = {};
let lines: readonly string[];
/** What AWS refuses, by the beginning of its path or the operation. */
let refused: string | undefined;

/** Stands in for AWS: each answer as its API reference shows it. DynamoDB is the real engine. */
async function answer(req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://aws');
  const body = await text(req);
  const operation = req.headers['x-amz-target']?.toString().split('.')[1] ?? new URLSearchParams(body).get('Action');
  const asked = operation ?? url.pathname;
  if (refused !== undefined && asked.startsWith(refused)) {
    res.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
    return;
  }
  if (asked.includes('/configuration')) {
    const FunctionArn = 'arn:aws:lambda:us-east-1:111111111111:function:contact-bridge-prod-user-changed';
    return void res.end(JSON.stringify({ FunctionArn, Environment: { Variables: { LINKS_TABLE: 'Links' } } }));
  }
  if (operation === 'ListStackResources') {
    const { one, next } = pageOf(resources, new URLSearchParams(body).get('NextToken'));
    const [type, id, status = 'CREATE_COMPLETE'] = one ?? [];
    const member = `<member><ResourceType>${type}</ResourceType><PhysicalResourceId>${id}</PhysicalResourceId><ResourceStatus>${status}</ResourceStatus></member>`;
    const token = next === undefined ? '' : `<NextToken>${next}</NextToken>`;
    return void res.end(
      `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>${member}</StackResourceSummaries>${token}</ListStackResourcesResult></ListStackResourcesResponse>`,
    );
  }
  if (operation === 'FilterLogEvents') {
    const { nextToken } = JSON.parse(body) as { nextToken?: string };
    const { one, next } = pageOf(lines, nextToken);
    const events = one === undefined ? [] : [{ timestamp: Date.parse('2026-01-01T00:00:00Z'), message: one }];
    return void res.end(JSON.stringify({ events, nextToken: next }));
  }
  if (url.searchParams.get('list-type') === '2') {
    const { one, next } = pageOf(Object.keys(objects), url.searchParams.get('continuation-token'));
    const more = next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`;
    const content = one === undefined ? '' : `<Contents><Key>${one}</Key></Contents>`;
    return void res.end(
      `<ListBucketResult><IsTruncated>${next !== undefined}</IsTruncated>${more}${content}</ListBucketResult>`,
    );
  }
  const [, , ...key] = decodeURIComponent(url.pathname).split('/');
  res.end(objects[key.join('/')]);
}

let real: RealDeps;
let rig: ChangeRig;
let server: http.Server;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
  server = await openServer(0);
  server.on('request', (req, res) => void answer(req, res));
  await rig.webhook(event('created', person, 1, { name: planted, roles: [] }));
  await rig.webhook(event('created', 'another-person', 1, { name: 'Another', roles: [] }));
  await rig.settle();
});
afterAll(async () => {
  server.close().closeAllConnections();
  await real.close();
});
beforeEach(async () => {
  const endpoint = await real.table.client.config.endpoint?.();
  if (!endpoint) throw new Error('the engine has no address');
  const { protocol, hostname, port } = endpoint;
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${portOf(server)}`);
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `${protocol}//${hostname}:${port}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  refused = undefined;
  resources = [
    ['AWS::Lambda::Function', 'contact-bridge-prod-sync'],
    ['AWS::DynamoDB::Table', 'Links'],
    ['AWS::DynamoDB::Table', 'gone', 'DELETE_COMPLETE'],
    ['AWS::DynamoDB::Table', 'Broadcasts', 'DELETE_SKIPPED'],
    ['AWS::S3::Bucket', 'quarantine'],
    ['AWS::Logs::LogGroup', 'logs-of-sync'],
  ];
  objects['aws/lambda/first'] = JSON.stringify({ payload: 'nothing' });
  objects[`aws/lambda/${person} second+1`] = JSON.stringify({ name: planted });
  lines = ['{"event":"request"}', JSON.stringify({ note: planted })];
});
afterEach(() => void vi.unstubAllEnvs());

const wire = () => {
  const place = { origin: real.emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  return new Scratch(place, 'sampleKey', httpSender(), systemClock);
};
async function kept(): Promise<[where: string, at: string, value: unknown][]> {
  const all: [string, string, unknown][] = [];
  for await (const [where, each] of placesOf({ stage: 'prod' }, wire()))
    for await (const [at, value] of each) all.push([where, at, value]);
  return all;
}

it('a stage at AWS is searched in every table, bucket and log that its stack keeps, page by page, and at MaiAgent', async () => {
  const found = (await kept()).filter(([, , value]) => finderOf([planted])(value).length > 0);
  expect(found.map(([where, at]) => (where === 'maiagent' ? where : `${where} ${at}`))).toEqual([
    `table Links user#${person}`,
    `bucket quarantine aws/lambda/${person} second+1`,
    'log logs-of-sync 2026-01-01T00:00:00.000Z',
    'maiagent',
  ]);
});

it('a restored table is searched although it is no part of the stack', async () => {
  resources = resources.filter(([, id]) => id !== 'Links');
  expect((await kept()).map(([where]) => where)).toContain('table Links');
});

it.each(['ListStackResources', 'FilterLogEvents', '/quarantine', '/2015-03-31/functions'])(
  'a search fails where AWS refuses %s, so that nothing passes for looked through',
  async (what) => {
    refused = what;
    await expect(kept()).rejects.toThrow();
  },
);

it('an export from AWS holds the rows, objects and contacts of this person, and of nobody else', async () => {
  const links = await linksOf(person, awsDeployment('prod'));
  const partOf = holding(person, links, sampleSources);
  const held = (await kept()).filter(([where, , value]) => partOf(where, value));
  expect(held.map(([where]) => where)).toEqual(
    expect.arrayContaining(['table Links', 'bucket quarantine', 'maiagent']),
  );
  expect(JSON.stringify(held)).not.toContain('Another');
});
