import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { synthesize } from '../../infra/synth.ts';
import { functionSpecs } from '../../local/runner/function-specs.ts';
import { httpApiOf } from '../../local/runner/http/api-spec.ts';
import { createGateway } from '../../local/runner/http/server.ts';
import { readStack } from '../../local/runner/template.ts';
import { sampleStage } from './sample-stage.ts';

const burst = 3;
/** So slow that within this test no bucket fills up again. */
const tiny = { ratePerSecond: 0.000_001, burst };
const origin = 'https://portal.sample.test';

let outdir: string;
let gateway: http.Server;
let url: string;
/** The routes whose functions were called. */
const invoked: string[] = [];

/** The gateway of the synthesised template, over functions that answer 204 to everything. */
beforeAll(async () => {
  outdir = await mkdtemp(join(tmpdir(), 'contact-bridge-synth-'));
  const config = sampleStage({ throttle: { default: tiny, preflights: tiny } });
  const { directory, stackName } = await synthesize(config, { outdir, validate: false });
  const stack = readStack(directory, stackName, 'http://127.0.0.1');
  const answer = createGateway(httpApiOf(stack, functionSpecs(stack))!, async (_, event) => {
    invoked.push((JSON.parse(event) as { routeKey: string }).routeKey);
    return { kind: 'answered', payload: JSON.stringify({ statusCode: 204 }) };
  });
  gateway = http.createServer((req, res) => void answer(req, res));
  await new Promise<void>((settle) => gateway.listen(0, '127.0.0.1', settle));
  url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
});
afterAll(async () => {
  gateway.closeAllConnections();
  gateway.close();
  await rm(outdir, { recursive: true });
});

const statusesOf = async (requests: number, path: string, method = 'GET'): Promise<number[]> => {
  const headers = method === 'OPTIONS' ? { origin, 'access-control-request-method': 'POST' } : {};
  const statuses = [];
  for (let sent = 0; sent < requests; sent += 1) statuses.push((await fetch(url + path, { method, headers })).status);
  return statuses;
};

it('a flood of unknown addresses leaves the preflights alone, and theirs leaves the rest alone', async () => {
  expect(await statusesOf(burst + 2, '/v1/nothing')).toEqual([204, 204, 204, 429, 429]);
  expect(await statusesOf(burst + 2, '/v1/identity', 'OPTIONS')).toEqual([204, 204, 204, 429, 429]);
  expect(await statusesOf(1, '/v1/health')).toEqual([204]);
  expect(new Set(invoked)).toEqual(new Set(['$default', 'OPTIONS /{proxy+}', 'GET /v1/health']));
});
