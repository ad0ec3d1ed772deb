import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { live, newContact } from './platform.ts';
import { until } from '../rigs/until.ts';

const main = fileURLToPath(new URL('../../local/emulator/main.ts', import.meta.url));

// A test that fails leaves no process behind.
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function run(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return { child, ended: once(child, 'exit') as Promise<[number | null, string | null]> };
}

async function firstLines(stdout: Readable): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: stdout })) {
    lines.push(line);
    if (line.startsWith('curl ')) break;
  }
  return lines;
}

function originIn(lines: string[]): string {
  return lines[0]?.replace('ready ', '') ?? '';
}

async function outcome(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { child, ended } = run(...args);
  const [out, err] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  return { code: (await ended)[0], out: out.join(''), err: err.join('') };
}

describe.skipIf(live)('node local/emulator/main.ts', () => {
  it('prints its address, key and switches, serves, and ends with SIGTERM', async () => {
    const { child, ended } = run(
      '--port',
      '0',
      '--api-key',
      'anotherkey',
      '--switch',
      'dupStatus=409',
      '--switch',
      'noSlash=404',
    );
    const lines = await firstLines(child.stdout);
    expect(lines).toEqual(
      expect.arrayContaining(['key anotherkey', '  dupStatus=409', '  noSlash=404', '  uniqueness=racy']),
    );
    const headers = { authorization: 'Api-Key anotherkey' };
    expect((await fetch(`${originIn(lines)}/api/v1/contacts/`, { headers })).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('ends with SIGINT at once, also while a request still waits', async () => {
    const { child, ended } = run('--port', '0', '--switch', 'racyWaitMs=3600000');
    const lines = await firstLines(child.stdout);
    const origin = originIn(lines);
    const headers = { authorization: 'Api-Key samplekey0123456789' };
    const body = JSON.stringify(newContact());
    const pending = expect(fetch(`${origin}/api/v1/contacts/`, { method: 'POST', headers, body })).rejects.toThrow();
    await until(async () => (await (await fetch(`${origin}/control/calls`, { headers })).text()).includes('"create"'));
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await pending;
  });

  it('explains itself with --help', async () => {
    const { code, out } = await outcome('--help');
    expect(code).toBe(0);
    expect(out).toContain('--port <n>');
    expect(out).toContain('--switch <name=value>');
  });

  it.each([
    [['--port', 'x'], "argument 'x' is invalid. Give a number from 0 to 65535."],
    [['--switch', 'echo=loud'], 'echo takes full, sparse, id'],
    [['--switch', 'colour=red'], 'Unrecognized key: "colour"'],
  ])('ends with 1 and one line after %j', async (args, line) => {
    const { code, err } = await outcome(...args);
    expect(code).toBe(1);
    expect(err).toContain(line);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});
