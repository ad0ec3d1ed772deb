import { spawn } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { emptyFolder, makeTemporaryFolder } from '../../local/data/folder-claim.ts';
import { isAlive } from './mini-stack.ts';
import { until } from '../rigs/until.ts';

const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

/** A folder whose owner is dead, and which says that this process is its engine. */
function claimedFolder(folder: string): { readonly folder: string; readonly engine: number } {
  const engine = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const pid = engine.pid ?? 0;
  const [, ...after] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const startedAt = after.join(') ').split(' ')[19];
  mkdirSync(folder, { recursive: true });
  const claim = { owner: { pid: 2 ** 22 + 1, startedAt: '1' }, engine: { pid, startedAt } };
  writeFileSync(path.join(folder, 'claim.json'), JSON.stringify(claim));
  closers.push(
    () => engine.kill('SIGKILL'),
    () => rmSync(folder, { recursive: true, force: true }),
  );
  return { folder, engine: pid };
}

const newPlace = () => path.join(base, `contact-bridge-${process.pid}-${closers.length}`);
const makeAnother = () => makeTemporaryFolder().remove();

it.runIf(process.platform === 'linux')('what a start that was killed has left is cleared away', async () => {
  const { folder, engine } = claimedFolder(newPlace());
  makeAnother();
  expect(existsSync(folder)).toBe(false);
  await until(() => !isAlive(engine), 'its engine is gone');
});

it.runIf(process.platform === 'linux')('a link to elsewhere is left alone', () => {
  const { folder, engine } = claimedFolder(mkdtempSync(path.join(tmpdir(), 'elsewhere-')));
  const link = newPlace();
  symlinkSync(folder, link);
  closers.push(() => rmSync(link));
  makeAnother();
  expect([existsSync(folder), isAlive(engine)]).toEqual([true, true]);
});

it.runIf(process.platform === 'linux' && process.getuid?.() === 0)('a folder of another account is left alone', () => {
  const { folder, engine } = claimedFolder(newPlace());
  chownSync(folder, 65_534, 65_534);
  makeAnother();
  expect([existsSync(folder), isAlive(engine)]).toEqual([true, true]);
});

it('what is forgotten of a data folder is what starts keep there, and no file of somebody’s own', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgotten-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const ours = ['tables.sqlite', 'tables.sqlite-wal', 'maiagent.jsonl', 'shared-local-instance.db'];
  const theirs = ['customers.db', 'tables.sqlite.bak', 'buckets/photos'];
  mkdirSync(path.join(folder, 'buckets/contact-bridge-local-bucket'), { recursive: true });
  for (const name of [...ours, ...theirs, 'buckets/_schedules.json']) writeFileSync(path.join(folder, name), 'kept');
  emptyFolder(folder);
  expect(new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' }))).toEqual(new Set(['buckets', ...theirs]));
});
