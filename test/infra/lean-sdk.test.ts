import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundleJobs, lambdaOptions, type Bundles } from '../../infra/bundle.ts';
import { endpointOf } from '../../infra/lean-endpoints.ts';
import { edits, standIns, toldApart } from '../../infra/lean-sdk.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';

let folder: string;
let bundles: Bundles;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contact-bridge-lean-'));
  bundles = await bundleJobs(join(folder, 'all'), sampleSettings);
});
afterAll(() => rm(folder, { recursive: true }));

/** A part of the SDK itself, as the project's own Node loads it. */
const installed = async (path: string): Promise<Record<string, unknown>> => {
  const { href } = new URL(`../../node_modules/${path}`, import.meta.url);
  return (await import(href)) as Record<string, unknown>;
};

it('stands in too where the checkout has a path of spaces, quotes and other letters', async () => {
  const infra = join(folder, "My 'Code' é");
  const files = ['lean-sdk.ts', 'lean-endpoints.ts'];
  await Promise.all(files.map((file) => cp(new URL(`../../infra/${file}`, import.meta.url), join(infra, file))));
  const { href } = pathToFileURL(join(infra, 'lean-sdk.ts'));
  const { leanSdk } = (await import(href)) as typeof import('../../infra/lean-sdk.ts');
  const { errors } = await build({
    stdin: { contents: "export { DynamoDBClient } from '@aws-sdk/client-dynamodb';", resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    platform: 'node',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
    plugins: [{ name: 'lean-sdk', setup: leanSdk }],
  });
  expect(errors).toEqual([]);
});

describe('a stand-in for a part of the SDK', () => {
  it.each(standIns.map(({ part }) => part))('stands where an upgrade has not moved %s', (part) => {
    const replaced = new RegExp(`/node_modules/${part}\\.js$`);
    expect(Object.keys(bundles.functions.inputs).filter((input) => replaced.test(`/${input}`))).not.toEqual([]);
  });

  it('keeps out what it replaces, and what that alone had imported', () => {
    const back =
      /shared-ini-file-loader\/(load|parse|getHome|readFile)|endpoint\/bdd|aws\/partitions|util-endpoints\/decide|endpoint-cache|lambda-invoke-store|sha256-js/;
    const shipped = Object.values(bundles.functions.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([input, { bytesInOutput }]) => (bytesInOutput > 0 ? [input] : [])),
    );
    expect(shipped.filter((input) => back.test(input))).toEqual([]);
  });
});

it.each(edits)('an edited line of the SDK is there, and once, in $part', async ({ part, from, to }) => {
  const code = await readFile(new URL(`../../node_modules/${part}.js`, import.meta.url), 'utf8');
  expect(code.split(from)).toHaveLength(2);
  expect(code.replace(from, to)).not.toBe(code);
  expect(Object.keys(bundles.functions.inputs).filter((input) => input.endsWith(`${part}.js`))).not.toEqual([]);
});

describe('the addresses of AWS', () => {
  it('are in every region those of the SDK’s own rules', async () => {
    const { partitionsInfo } = (await installed(
      '@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js',
    )) as { partitionsInfo: { partitions: { regions: Record<string, unknown> }[] } };
    const regions = partitionsInfo.partitions.flatMap((one) => Object.keys(one.regions));
    const asked = regions.filter((region) => !region.endsWith('-global'));
    expect(asked.length).toBeGreaterThan(30);
    for (const client of ['dynamodb', 'secrets-manager', 'scheduler']) {
      const own = await resolverOf(client);
      const ours = endpointOf(client.replaceAll('-', ''));
      for (const Region of asked) {
        const params = { Region, UseFIPS: false, UseDualStack: false };
        expect(ours(params).url.href, `${client} in ${Region}`).toBe(own(params).url.href);
      }
    }
  });

  it('are the one that a setting names, where one does', () => {
    expect(endpointOf('dynamodb')({ Region: 'us-east-1', Endpoint: 'http://127.0.0.1:8000' }).url.port).toBe('8000');
  });

  it('are refused where FIPS or dual stack is asked for, because those rules are left out', () => {
    for (const wish of [{ UseFIPS: true }, { UseDualStack: true }])
      expect(() => endpointOf('dynamodb')({ Region: 'us-east-1', ...wish })).toThrow('no FIPS and no dual-stack');
  });
});

type Resolver = (params: object) => { url: URL };
/** The SDK's own resolver of a client, bundled because its ES modules name their neighbours without an extension. */
async function resolverOf(client: string): Promise<Resolver> {
  const outfile = join(folder, `${client}.cjs`);
  await build({
    stdin: {
      contents: `export * from '@aws-sdk/client-${client}/dist-es/endpoint/endpointResolver.js'`,
      resolveDir: join(import.meta.dirname, '../..'),
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    outfile,
  });
  return (createRequire(outfile)(outfile) as { defaultEndpointResolver: Resolver }).defaultEndpointResolver;
}

describe('the failures of AWS', () => {
  it('that a function knows by class are kept', async () => {
    const root = join(import.meta.dirname, '../../functions');
    const sources = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.ts'));
    const names = await Promise.all(
      sources.map(async (name) => (await readFile(join(root, name), 'utf8')).match(/instanceof \w+Exception\b/g) ?? []),
    );
    const known = [...new Set(names.flat().map((one) => one.replace('instanceof ', '')))];
    expect(known.length).toBeGreaterThan(2);
    expect(known.filter((one) => !toldApart.test(one))).toEqual([]);
  });

  /** The DynamoDB client of the functions as it is bundled, beside a server that answers these in turn. */
  const answering = async (...answers: readonly (readonly [status: number, body: object])[]) => {
    let asked = 0;
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        const [status, body] = answers[asked++] ?? [200, {}];
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'sample');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'sample');
    const entry = join(folder, 'client.cjs');
    const from = JSON.stringify(join(import.meta.dirname, '../../functions/io/aws/clients.ts'));
    const contents = `export { dynamoDb } from ${from}; export * from '@aws-sdk/client-dynamodb';`;
    const stdin = { contents, resolveDir: join(import.meta.dirname, '../..') };
    await build({ ...lambdaOptions, stdin, bundle: true, outfile: entry, sourcemap: false });
    const { dynamoDb, GetItemCommand: Get } = createRequire(entry)(entry) as {
      dynamoDb: () => DynamoDBClient;
      GetItemCommand: typeof GetItemCommand;
    };
    const read = () => dynamoDb().send(new Get({ TableName: 'Links', Key: { pk: { S: 'one' } } }));
    return { read, asked: () => asked };
  };
  let server: Server | undefined;
  afterEach(() => {
    vi.unstubAllEnvs();
    server?.closeAllConnections();
    server?.close();
  });
  const failure = (name: string, more: object = {}) => ({
    __type: `com.amazonaws.dynamodb.v20120810#${name}`,
    ...more,
  });

  it('that pass are tried again, though the bundle has no class for them', async () => {
    const found = { Item: { pk: { S: 'one' } } };
    const { read, asked } = await answering(
      [400, failure('ProvisionedThroughputExceededException')],
      [500, failure('InternalServerError')],
      [200, found],
    );
    expect((await read()).Item).toEqual(found.Item);
    expect(asked()).toBe(3);
  });

  it('keep their name, their message and their status, though the bundle has no class for them', async () => {
    const { read } = await answering([
      400,
      failure('ItemCollectionSizeLimitExceededException', { message: 'too large' }),
    ]);
    await expect(read()).rejects.toMatchObject({
      name: 'ItemCollectionSizeLimitExceededException',
      message: 'too large',
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('bring the row with them that a condition failed on', async () => {
    const { read } = await answering([400, failure('ConditionalCheckFailedException', { Item: { pk: { S: 'one' } } })]);
    await expect(read()).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { pk: { S: 'one' } },
    });
  });
});
