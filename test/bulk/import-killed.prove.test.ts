import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { UserChangedEvent } from '../../functions/user-changed.ts';
import { cursorOf } from '../../local/bulk/cursor.ts';
import { standLocally } from '../people/local-stand.ts';
import { ChangeRig } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { until } from '../rigs/until.ts';
import { sized } from '../scope.ts';

const BATCH = 200;
const BATCHES = sized({ test: 5, prove: 8, long: 100 });
/** After so many batches that it knows to be taken, from the beginning on, the process is killed. */
const KILLED_AFTER = sized({ test: [1, 1, 1], prove: [2, 3, 4], long: [7, 33, 80] });

let real: RealDeps;
let rig: ChangeRig;
let stand: Awaited<ReturnType<typeof standLocally>>;
let folder = '';
/** Called with each batch that is to be taken, and with each that was. */
let taken: () => void = () => undefined;
const rowsSent: number[] = [];
/** Calls that go on when the process that made them is gone. */
let underWay = 0;
beforeAll(async () => {
  real = await startDeps();
  rig = new ChangeRig(real);
  folder = await mkdtemp(join(tmpdir(), 'killed-'));
  stand = await standLocally(
    real,
    () => ({ objects: [], lines: [] }),
    async (_, event) => {
      underWay += 1;
      const answer = await rig.hear(event as UserChangedEvent);
      underWay -= 1;
      const { isDryRun, rows } = event as { isDryRun?: boolean; rows: unknown[] };
      if (!isDryRun) {
        rowsSent.push(rows.length);
        taken();
      }
      return answer;
    },
  );
});
afterAll(async () => {
  stand.close();
  await rm(folder, { recursive: true });
  await real.close();
});

function command(path: string, ...more: string[]) {
  const options = ['--source', 'generic', '--as-of', '2026-02-01T00:00:00Z', '--local', stand.url, '--json'];
  const child = spawn(process.execPath, ['local/cli.ts', 'import', path, ...options, ...more]);
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
  return { child, ended: ended.then(([[code], out, err]) => ({ code: code as number | null, out, err })) };
}

it('is killed three times and goes on, and takes everybody once', async () => {
  const path = join(folder, 'people.csv');
  const rows = Array.from({ length: BATCH * BATCHES }, (_, n) => `k${n},Person ${n},staff`);
  await writeFile(path, ['userId,name,roles', ...rows].join('\n'));
  for (const after of KILLED_AFTER) {
    const { child, ended } = command(path, '--yes');
    taken = () => void (servedIn(path) >= after && child.kill('SIGKILL'));
    expect((await ended).code).toBeNull();
  }
  taken = () => undefined;
  await until(() => underWay === 0, 'the end of the last calls');
  const served = servedIn(path);
  const from = rowsSent.length;
  const { code, out, err } = await command(path).ended;
  expect([code, err]).toEqual([0, expect.stringMatching(/^goes on, as was agreed before, after \d+ batches/)]);
  // The last report is of everybody, the batches before it was killed too.
  const { created, unchanged } = JSON.parse(out) as { created: number; unchanged: number };
  expect(created + unchanged).toBe(BATCH * BATCHES);
  const links = (await rig.links()).filter(({ pk }) => pk.startsWith('user#k'));
  expect([links.length, links.filter(({ revision }) => revision !== 1)]).toEqual([BATCH * BATCHES, []]);
  // What was under way when it was killed is sent once more, and nothing else.
  expect(rowsSent.slice(from)).toHaveLength(BATCHES - served);
  expect(rowsSent.length).toBeLessThanOrEqual(BATCHES + KILLED_AFTER.length * 4);

  const calls = real.table.calls.length;
  const again = await command(path, '--yes').ended;
  expect([again.code, JSON.parse(again.out)]).toMatchObject([0, { created: 0, changed: 0, unchanged: links.length }]);
  expect(real.table.calls.slice(calls).filter((call) => /Update|Transact|Put/.test(call))).toEqual([]);
  expect(real.emulator.calls).toEqual([]);
}, 1_200_000);

/** How many batches the place of an import knows. */
function servedIn(path: string): number {
  const place = placeOf(path);
  return place === undefined ? 0 : readFileSync(join(folder, place), 'utf8').split('\n').length - 2;
}
const placeOf = (path: string) =>
  readdirSync(folder).find((name) => name.startsWith(basename(path)) && name.endsWith('.import'));

it('asks nobody without a terminal, shows what it would do, and stops where many would lose something', async () => {
  const path = join(folder, 'few.csv');
  await writeFile(path, ['userId,name,status', ...Array.from({ length: 12 }, (_, n) => `k${n},N,disabled`)].join('\n'));
  const later = (...more: string[]) => command(path, '--as-of', '2026-03-01T00:00:00Z', ...more).ended;
  const shown = await later('--dry-run');
  expect([shown.code, JSON.parse(shown.out)]).toMatchObject([2, { changed: 12, losses: 12 }]);
  expect(await later('--yes')).toMatchObject({ code: 1, err: expect.stringContaining('add --release 12') as string });
  // Nothing is left to agree to.
  const nobody = await later('--as-of', 'yesterday');
  expect([nobody.code, JSON.parse(nobody.out)]).toMatchObject([2, { created: 0, refused: { length: 12 } }]);
  expect(await later('--release', '12')).toMatchObject({
    code: 1,
    err: expect.stringContaining('needs --yes') as string,
  });
  expect(await later('--release', '12', '--yes')).toMatchObject({ code: 0 });
  expect(await rig.link('k3')).toMatchObject({ accountStatus: 'disabled' });
  expect(placeOf(path)).toBeUndefined();
});

it('goes on after a line that was cut off, as often as it is killed', async () => {
  const path = join(folder, 'cut.csv');
  const cursor = cursorOf({ path }, 'this');
  await cursor.begin({ key: 'this', refused: [], taken: [], missing: [] });
  for (const at of [0, 200]) {
    await cursor.served(at, []);
    await appendFile(`${path}.this.import`, `[${at + 200},[{"line":`);
    expect((await cursor.read())?.served.size).toBe(at / 200 + 1);
  }
});

it('says at Ctrl-C what is taken, and how it goes on', async () => {
  const path = join(folder, 'stopped.csv');
  const rows = Array.from({ length: BATCH * BATCHES }, (_, n) => `s${n},Person ${n},staff`);
  await writeFile(path, ['userId,name,roles', ...rows].join('\n'));
  const { child, ended } = command(path, '--yes');
  taken = () => void (servedIn(path) >= 1 && child.kill('SIGINT'));
  const { code, err } = await ended;
  taken = () => undefined;
  await until(() => underWay === 0, 'the end of the last calls');
  expect(code).toBe(130);
  expect(err).toMatch(/^stopped: \d+ of \d+ rows are known to be taken; give the same command again, and it goes on$/m);
  expect((await command(path).ended).err).toMatch(/^goes on, as was agreed before/);
});
