import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const original = fileURLToPath(new URL('../../local/preflight.cjs', import.meta.url));
let root = '';

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'preflight-test-'));
  mkdirSync(path.join(root, 'local'));
  copyFileSync(original, path.join(root, 'local', 'preflight.cjs'));
  // Stands for npm: writes down what it was asked, and leaves the folder that npm would.
  write(
    'npm.cjs',
    `
    const fs = require('fs');
    fs.appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
    if (fs.existsSync('broken')) process.exit(1);
    fs.mkdirSync('node_modules', { recursive: true });`,
  );
  write('package-lock.json', lockfile('sha512-one'));
});

afterEach(() => rmSync(root, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(path.join(root, name), text);
const calls = () => (existsSync(path.join(root, 'calls')) ? readFileSync(path.join(root, 'calls'), 'utf8') : '');

function lockfile(integrity: string): string {
  return JSON.stringify({
    packages: { '': {}, 'node_modules/a': { integrity }, 'node_modules/other-os': { integrity: 'x', optional: true } },
  });
}

function preflight(node = process.execPath): { status: number | null; err: string } {
  const env = { PATH: process.env['PATH'] ?? '', npm_execpath: path.join(root, 'npm.cjs') };
  const { status, stderr } = spawnSync(node, [path.join(root, 'local', 'preflight.cjs')], { env, encoding: 'utf8' });
  return { status, err: stderr };
}

describe('the preflight', () => {
  it('installs on a clean checkout', () => {
    expect(preflight().status).toBe(0);
    expect(calls()).toBe('ci --ignore-scripts --no-audit --no-fund --loglevel=error\n');
  });

  it('installs once for each lockfile', () => {
    preflight();
    preflight();
    write('package-lock.json', lockfile('sha512-two'));
    preflight();
    expect(calls().split('\n')).toHaveLength(3);
  });

  it('installs again after an installation that failed', () => {
    write('broken', '');
    expect(preflight()).toEqual({ status: 1, err: expect.stringContaining('npm ci failed') as string });
    rmSync(path.join(root, 'broken'));
    expect(preflight().status).toBe(0);
    expect(calls().split('\n')).toHaveLength(3);
  });

  it('leaves alone what somebody installed by hand', () => {
    mkdirSync(path.join(root, 'node_modules'));
    write(
      'node_modules/.package-lock.json',
      JSON.stringify({ packages: { 'node_modules/a': { integrity: 'sha512-one' } } }),
    );
    expect(preflight().status).toBe(0);
    expect(calls()).toBe('');
  });

  it('installs where what somebody installed is not what the lockfile says', () => {
    mkdirSync(path.join(root, 'node_modules'));
    write(
      'node_modules/.package-lock.json',
      JSON.stringify({ packages: { 'node_modules/a': { integrity: 'sha512-old' } } }),
    );
    preflight();
    expect(calls()).not.toBe('');
  });

  const systemNode = '/usr/bin/node';
  const version = existsSync(systemNode) ? spawnSync(systemNode, ['--version'], { encoding: 'utf8' }).stdout : '';

  it.skipIf(!/^v(1[2-9]|2[01])\./.test(version))('says what to do where the only Node is too old', () => {
    expect(preflight(systemNode)).toEqual({
      status: 1,
      err: expect.stringMatching(/needs Node 22\.22\.2 or newer: install it/) as string,
    });
  });

  it.skipIf(!/^v(1[2-9]|2[01])\./.test(version))(
    'lets an old Node pass where a newer one was installed with the packages',
    () => {
      mkdirSync(path.join(root, 'node_modules', '.bin'), { recursive: true });
      write('node_modules/.bin/node', '');
      expect(preflight(systemNode).status).toBe(0);
    },
  );
});
