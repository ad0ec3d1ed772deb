import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { begin, carryOut, plan as planOf, type Wish } from '../../local/bulk/import.ts';
import type { Called, Deployment } from '../../local/commands/deployment.ts';
import { ChangeRig, event } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { deploymentOver } from './deployment-over.ts';

const before = '2026-01-01T00:00:00Z';
const asOf = '2026-03-01T00:00:00Z';
const ids = Array.from({ length: 1_100 }, (_, n) => `p${n}`);

const plan = async (wish: Wish, deployment: Deployment) => planOf(wish, deployment, await begin(wish, deployment));

let stages: { readonly real: RealDeps; readonly rig: ChangeRig }[] = [];
let folder = '';
beforeAll(async () => {
  const both = await Promise.all([startDeps(), startDeps()]);
  stages = both.map((real) => ({ real, rig: new ChangeRig(real) }));
  folder = await mkdtemp(join(tmpdir(), 'place-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await Promise.all(stages.map(({ real }) => real.close()));
});

async function file(name: string, rows: readonly string[], more: Partial<Wish> = {}): Promise<Wish> {
  const path = join(folder, name);
  await writeFile(path, ['userId,version,name,status', ...rows].join('\n'));
  return { path, source: 'generic', asOf, ...more };
}

/** A deployment whose command ends after so many calls that write. */
function dying(deployment: Deployment, calls: number): Deployment {
  let left = calls;
  const callUserChanged = async (asked: object): Promise<Called> =>
    (asked as { isDryRun?: true }).isDryRun || (left -= 1) >= 0
      ? deployment.callUserChanged(asked)
      : Promise.reject(new Error('the process is killed'));
  return { ...deployment, callUserChanged };
}

it('an import that was killed goes on in its own deployment alone, and reports what was refused before', async () => {
  const [dev, prod] = await Promise.all(stages.map(({ real, rig }) => deploymentOver(real, rig)));
  const wish = await file('people.csv', [',,N,active', ...ids.map((id) => `${id},,N,active`)]);
  const { work } = await plan(wish, dev!);
  // The plan took this one: they are deleted while the operator reads it.
  const { rig } = stages[0]!;
  await rig.webhook(event('created', 'p0', 1, { version: before, name: 'N' }));
  await rig.webhook(event('deleted', 'p0', 2, { version: asOf }));
  await expect(carryOut(wish, dying(dev!, 4), work)).rejects.toThrow('killed');
  const place = `${wish.path}.${work.agreed.key.slice(0, 8)}.import`;
  expect(await readFile(place, 'utf8')).toContain('revives nobody');

  expect((await begin(wish, prod!)).known).toBeUndefined();
  const { known } = await begin(wish, dev!);
  expect(known?.served.size).toBeGreaterThan(0);
  const report = await carryOut(wish, dev!, known!);
  expect([report.rows, report.created + report.unchanged]).toEqual([ids.length + 1, ids.length - 1]);
  expect(report.refused).toEqual([
    { line: 2, why: expect.any(String) as string },
    { line: 3, why: 'was deleted here, and an import revives nobody' },
  ]);
});

it('a snapshot that was killed compares and asks again', async () => {
  const { real, rig } = stages[1]!;
  const deployment = await deploymentOver(real, rig);
  const all = await file(
    'all.csv',
    [...ids, 'gone', 'back'].map((id) => `${id},,N,active`),
    { asOf: before },
  );
  await carryOut(all, deployment, (await plan(all, deployment)).work);
  const wish = await file(
    'snapshot.csv',
    ids.map((id) => `${id},,N,active`),
    { isSnapshot: true },
  );
  const { report, work } = await plan(wish, deployment);
  expect(report.missing.toSorted()).toEqual(['back', 'gone']);
  await expect(carryOut(wish, dying(deployment, 4), work)).rejects.toThrow('killed');
  await rig.webhook(event('enabled', 'back', 3, { version: '2026-04-01T00:00:00Z' }));

  const begun = await begin(wish, deployment);
  expect(begun.known).toBeUndefined();
  const again = await planOf(wish, deployment, begun);
  expect([again.report.missing, again.report.changed + again.report.unchanged]).toEqual([['gone'], ids.length]);
  expect((await carryOut(wish, deployment, again.work)).missing).toEqual(['gone']);
  expect(await rig.link('back')).toMatchObject({ accountStatus: 'active' });
});

it('an import that is stopped goes on with its own rows, while the same file is imported elsewhere', async () => {
  const [dev, prod] = await Promise.all(stages.map(({ real, rig }) => deploymentOver(real, rig)));
  const wish = await file(
    'both.csv',
    ids.map((id) => `both-${id},,N,active`),
  );
  const [inDev, inProd] = [await plan(wish, dev!), await plan(wish, prod!)];
  let stopped: Promise<void> | undefined;
  const callUserChanged = async (asked: object): Promise<Called> => {
    await (stopped ??= expect(carryOut(wish, dying(prod!, 0), inProd.work)).rejects.toThrow('killed'));
    return dev!.callUserChanged(asked);
  };
  const going = carryOut(wish, dying({ ...dev!, callUserChanged }, 5), inDev.work);
  await expect(going).rejects.toThrow('killed');
  await carryOut(wish, prod!, (await begin(wish, prod!)).known!);
  const links = await stages[1]!.rig.links();
  expect(links.filter(({ pk }) => pk.startsWith('user#both-'))).toHaveLength(ids.length);
});
