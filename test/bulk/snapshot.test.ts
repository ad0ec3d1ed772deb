import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { begin, carryOut, plan as planOf, type Wish } from '../../local/bulk/import.ts';
import { reportLines } from '../../local/bulk/import-command.ts';
import type { Deployment } from '../../local/commands/deployment.ts';
import { ChangeRig, event } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { deploymentOver } from './deployment-over.ts';

const asOf = '2026-03-01T00:00:00Z';
const before = '2026-01-01T00:00:00Z';
const later = '2026-04-01T00:00:00Z';
const people = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `s${index + from}`);

const plan = async (wish: Wish, deployment: Deployment) => planOf(wish, deployment, await begin(wish, deployment));

let real: RealDeps;
let rig: ChangeRig;
let wish: Wish;
beforeAll(async () => void (real = await startDeps()));
afterAll(() => real.close());
let folder = '';
beforeEach(async () => {
  for (const { pk } of await real.table.rows()) await remove(pk);
  rig = new ChangeRig(real);
  folder = await mkdtemp(join(tmpdir(), 'snapshot-'));
  return () => rm(folder, { recursive: true });
});

async function remove(pk: string): Promise<void> {
  const { DeleteItemCommand } = await import('@aws-sdk/client-dynamodb');
  await real.table.client.send(new DeleteItemCommand({ TableName: 'Links', Key: { pk: { S: pk } } }));
}

async function file(ids: readonly string[], version = asOf): Promise<Wish> {
  wish = { path: join(folder, `${version}.csv`), source: 'generic', asOf: version, isSnapshot: true };
  await writeFile(wish.path, ['userId,name,roles', ...ids.map((id) => `${id},N,staff`)].join('\n'));
  return wish;
}

it('disables whom the source alone has told of, who was there before the file, and who is missing in it', async () => {
  const deployment = await deploymentOver(real, rig);
  const all = await plan(await file(people(40), before), deployment);
  await carryOut(wish, deployment, all.work);
  await rig.webhook(event('updated', 'late', 1, { version: later, name: 'L', roles: [] }));
  await rig.record('INSERT', { userId: 'other', version: 1, status: 'active', name: 'O' });

  const { report, work, isStopped } = await plan(await file(people(37)), deployment);
  // Who came after the file was written is found, and left alone.
  expect([report.missing.toSorted(), report.refused]).toEqual([['s37', 's38', 's39'], []]);
  expect(isStopped).toBe(false);
  const done = await carryOut(wish, deployment, work);
  expect([done.missing.toSorted(), done.refused]).toEqual([['s37', 's38', 's39'], []]);
  const states = new Map((await rig.links()).map(({ pk, accountStatus }) => [pk, accountStatus]));
  expect(
    [...states]
      .filter(([, one]) => one === 'disabled')
      .map(([pk]) => pk)
      .toSorted(),
  ).toEqual(['user#s37', 'user#s38', 'user#s39']);
  expect(await rig.link('s38')).toMatchObject({ dueShard: 'losses', accountStatus: 'disabled' });
});

it('is stopped by the breaker where too many would lose something', async () => {
  const deployment = await deploymentOver(real, rig);
  const all = await plan(await file(people(40), before), deployment);
  await carryOut(wish, deployment, all.work);
  const { report, isStopped } = await plan(await file(people(29)), deployment);
  expect([report.losses, isStopped]).toEqual([11, true]);
});

it('knows nobody as missing while a row cannot be read', async () => {
  const broken = await file(['a', '', 'b']);
  await expect(plan(broken, await deploymentOver(real, rig))).rejects.toThrow('nobody knows who is missing: line 3');
});

it('lists whom it cannot disable, before and after', async () => {
  for (const userId of people(3)) await rig.webhook(event('created', userId, 1, { name: 'N', roles: ['staff'] }));
  const deployment = await deploymentOver(real, rig);
  const { report, work } = await plan(await file([]), deployment);
  const done = await carryOut(wish, deployment, work);
  const why = 'version is of another kind than before: times and sequence numbers do not compare';
  for (const { missing, refused, losses } of [report, done]) {
    expect([missing, losses]).toEqual([[], 0]);
    expect(refused.toSorted((a, b) => (a.userId! < b.userId! ? -1 : 1))).toEqual(
      people(3).map((userId) => ({ line: 0, userId, why })),
    );
  }
  expect(reportLines(done, 'were')).toContainEqual(expect.stringMatching(/^ {2}s0, who is missing: version is of/));
});

it('is refused for a source that counts, and as of a time that has not come', async () => {
  const deployment = await deploymentOver(real, rig);
  await file(['a']);
  const calls: object[] = [];
  const watched: Deployment = {
    ...deployment,
    callUserChanged: (asked) => (calls.push(asked), deployment.callUserChanged(asked)),
  };
  await expect(plan({ ...wish, source: 'users' }, watched)).rejects.toThrow('users counts its versions');
  const nowMs = real.clock.now();
  const future = { ...wish, asOf: new Date(nowMs + 8 * 3_600_000).toISOString() };
  await expect(plan(future, watched)).rejects.toThrow('the time of the file lies in the future');
  expect(calls).toHaveLength(2);
  // Nor does a plan that was made elsewhere disable anybody in the future.
  await rig.webhook(event('created', 's0', 1, { version: before, name: 'N', roles: ['staff'] }));
  const rows = [{ missing: 's0' }];
  expect(await rig.hear({ import: 'generic', asOf: future.asOf, rows })).toMatchObject({
    users: [{ outcome: 'refused', userId: 's0' }],
  });
  expect(await rig.link('s0')).toMatchObject({ accountStatus: 'active' });
});
