import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundleJobs } from '../../infra/bundle.ts';
import { functionEnv } from '../bench/subjects.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import { until } from '../rigs/until.ts';

let folder: string;
let server: Server | undefined;
let child: ChildProcess | undefined;
const asked: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contact-bridge-start-'));
  await bundleJobs(folder, sampleSettings);
});
afterEach(() => {
  asked.length = 0;
  child?.kill();
  server?.closeAllConnections();
  server?.close();
});
afterAll(() => rm(folder, { recursive: true }));

/** Loads identify as Lambda does, beside a table that answers or never does, and says what of it a caller could call. */
async function load({ answers, env = functionEnv }: { answers: boolean; env?: Readonly<Record<string, string>> }) {
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      asked.push(String(request.headers['x-amz-target']));
      if (answers) response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const at = { AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`, LAMBDA_TASK_ROOT: join(folder, 'identify') };
  const key = { AWS_ACCESS_KEY_ID: 'sample', AWS_SECRET_ACCESS_KEY: 'sample' };
  const script = join(folder, 'load.mjs');
  const file = JSON.stringify(join(folder, 'identify/start.mjs'));
  // It lives until the test has seen what it came for: how soon that is, is the machine's matter.
  await writeFile(
    script,
    `const { handler } = await import(${file}); console.log(typeof handler); process.stdin.resume();`,
  );
  child = spawn(process.execPath, [script], { env: { ...env, ...at, ...key }, stdio: ['pipe', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  return said.toString().trim();
}

describe('the start of identify', () => {
  it('reads the table once before the first call', async () => {
    expect(await load({ answers: true })).toBe('function');
    await until(() => asked.length > 0, 'a read');
    expect(asked).toEqual(['DynamoDB_20120810.GetItem']);
  });

  it('does not wait long for a table that does not answer', async () => {
    expect(await load({ answers: false })).toBe('function');
  });

  it('leaves it to the first call to say what is wrong with the variables', async () => {
    const { LINKS_TABLE: _, ...env } = functionEnv;
    expect(await load({ answers: true, env })).toBe('function');
    expect(asked).toEqual([]);
  });
});
