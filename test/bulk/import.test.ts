import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begin, carryOut, plan as planOf, type Wish } from '../../local/bulk/import.ts';
import { reportLines } from '../../local/bulk/import-command.ts';
import type { Deployment } from '../../local/commands/deployment.ts';
import { ChangeRig, event } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sized } from '../scope.ts';
import { deploymentOver } from './deployment-over.ts';

const PEOPLE = sized({ test: 60, prove: 800, long: 20_000 });
const asOf = '2026-02-01T00:00:00Z';

const plan = async (wish: Wish, deployment: Deployment) => planOf(wish, deployment, await begin(wish, deployment));

let real: RealDeps;
let rig: ChangeRig;
let folder = '';
beforeAll(async () => {
  real = await startDeps({ switches: { uniqueness: 'atomic' } });
  rig = new ChangeRig(real);
  folder = await mkdtemp(join(tmpdir(), 'import-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await real.close();
});

const writes = (from: number) => real.table.calls.slice(from).filter((one) => /Update|Transact|Put/.test(one)).length;
const signIn = (sub: string) => call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub }, body: {} });

async function file(name: string, lines: readonly string[], more: Partial<Wish> = {}): Promise<Wish> {
  const path = join(folder, name);
  await writeFile(path, lines.join('\n'));
  return { path, source: 'generic', asOf, ...more };
}

async function imported(wish: Wish) {
  const deployment = await deploymentOver(real, rig);
  const { report, work, isStopped } = await plan(wish, deployment);
  return { planned: report, isStopped, done: await carryOut(wish, deployment, work) };
}

describe('an import', () => {
  it('brings contacts about in the bulk lane', async () => {
    const few = Array.from({ length: 60 }, (_, index) => `few${index},Few,staff`);
    await imported(await file('few.csv', ['userId,name,roles', ...few]));
    expect(rig.contactsOf('few1')).toEqual([]);
    await rig.settle();
    const live = real.emulator.store.liveContacts.filter(({ sourceId }) => /^few\d/.test(sourceId ?? ''));
    expect(live).toHaveLength(60);
  });

  it('takes everybody once, and the same file again writes and calls nothing', async () => {
    const people = Array.from(
      { length: PEOPLE },
      (_, index) => `p${index},Person ${index},p${index}@corp.example,staff;x`,
    );
    const wish = await file('people.csv', ['userId,name,email,roles', ...people]);
    await rig.webhook(event('created', 'returning', 1, { name: 'R', email: 'r@corp.example', roles: [] }));
    await rig.settle();
    await signIn('returning');

    /** What a sign-in costs while the import stands between two of its calls. */
    const costs = new Set<string>();
    const deployment = await deploymentOver(real, rig, async () => {
      const [rows, asked] = [real.table.calls.length, real.emulator.calls.length];
      expect((await signIn('returning')).status).toBe(200);
      costs.add(`${real.table.calls.slice(rows).join()} ${real.emulator.calls.length - asked}`);
    });
    const { report, work } = await plan(wish, deployment);
    expect(report).toMatchObject({ rows: PEOPLE, created: PEOPLE, refused: [], columns: [] });
    const calls = real.emulator.calls.length;
    expect(await carryOut(wish, deployment, work)).toMatchObject({ created: PEOPLE, changed: 0, refused: [] });
    expect([...costs]).toEqual(['GetItemCommand 0']);
    expect(real.emulator.calls.length).toBe(calls);

    const links = (await rig.links()).filter(({ pk }) => pk.startsWith('user#p'));
    expect(links).toHaveLength(PEOPLE);
    expect(links.every(({ revision, dueShard, wake }) => revision === 1 && dueShard === 'gains' && !wake)).toBe(true);
    expect(links[0]?.desired).toMatchObject({ name: expect.stringMatching(/^Person/) as string });
    expect((await readdir(folder)).filter((name) => name.endsWith('.import'))).toEqual([]);

    // Who changes now stands behind none of them.
    const from = real.emulator.calls.length;
    await rig.webhook(event('updated', 'returning', 2, { name: 'Now', email: 'r@corp.example', roles: [] }));
    await rig.sync({ sweep: true });
    const [contact] = rig.contactsOf('returning');
    expect(contact?.name).toBe('Now');
    const served = real.emulator.calls.slice(from).findIndex(({ operation }) => operation === 'patch');
    expect(served).toBeLessThan(20);

    const again = real.table.calls.length;
    const asked = real.emulator.calls.length;
    expect((await imported(wish)).done).toMatchObject({ created: 0, changed: 0, unchanged: PEOPLE });
    expect([writes(again), real.emulator.calls.length - asked]).toEqual([0, 0]);
  }, 1_200_000);

  it('says of each row what becomes of it, revives nobody, and leaves out what it refuses', async () => {
    await rig.webhook(event('created', 'deleted', 1, { name: 'D' }));
    await rig.webhook(event('deleted', 'deleted', 2));
    await rig.webhook(event('created', 'disabled', 1, { name: 'D' }));
    await rig.webhook(event('disabled', 'disabled', 2));
    await rig.webhook(event('created', 'newer', 9, { name: 'Newer' }));
    const wish = await file(
      'mixed.csv',
      [
        'userId,version,name,status,rolls',
        'deleted,5,D,,',
        'disabled,5,D,active,',
        'newer,5,Older,,',
        'fresh,5,Fresh,active,',
        'fresh,6,Again,active,',
        ',5,Nobody,active,',
        'odd,x,Odd,active,',
        'off,5,Off,disabled,',
        'mist,5,M,retired,',
      ],
      { asOf: undefined },
    );
    const { planned, done } = await imported(wish);
    const why = [
      { line: 2, why: 'was deleted here, and an import revives nobody' },
      { line: 3, why: 'is disabled here, and an import revives nobody' },
      { line: 6, why: 'is the same user as in line 5' },
      { line: 7, why: 'userId must be 1 to 256 characters without control characters' },
      { line: 8, why: 'version is missing or not of the form of this source: see --as-of' },
      { line: 10, why: 'status cannot be understood' },
    ];
    expect(planned).toMatchObject({ rows: 9, created: 2, changed: 0, unchanged: 1, refused: why, columns: ['rolls'] });
    expect([planned.unknown, planned.untold]).toEqual([1, expect.arrayContaining(['roles'])]);
    expect(reportLines(planned, 'would be')).toContain('nobody reads the columns rolls');
    expect(done).toMatchObject({ created: 2, unchanged: 1 });
    expect(await rig.link('fresh')).toMatchObject({ desired: { name: 'Fresh' }, accountStatus: 'active' });
    expect(await rig.link('off')).toMatchObject({ accountStatus: 'disabled' });
    expect(await rig.link('odd')).toBeUndefined();
    expect(await rig.link('deleted')).toMatchObject({ accountStatus: 'deleted', reports: [{ source: 'generic' }] });
  });

  it('says which column is missing that names the users, and which there are', async () => {
    const why = 'has no column userId, which says who it is; it has user_id, name';
    const { planned } = await imported(await file('nameless.csv', ['user_id,name', 'one,One']));
    expect(planned.refused).toEqual([{ line: 2, why }]);
    const { planned: lines } = await imported(await file('nameless.jsonl', ['{"name":"One"}']));
    expect(lines.refused).toMatchObject([{ why: 'has no member userId, which says who it is; it has name' }]);
  });

  it('reads a table by its own mapping, and versions as its stream counts them', async () => {
    const rows = [
      '{"userId":"t1","version":"7","name":"T","status":"active"}',
      '{"userId":"t2","version":"7","status":"gone"}',
    ];
    const { done } = await imported(await file('t.jsonl', rows, { source: 'users', asOf: undefined }));
    expect(done).toMatchObject({ created: 2, refused: [] });
    expect([(await rig.link('t1'))?.accountStatus, (await rig.link('t2'))?.accountStatus]).toEqual([
      'active',
      'disabled',
    ]);
    const late = await file(
      'late.jsonl',
      rows.slice(0, 1).map((row) => row.replace('"7"', '"2026-01-01T00:00:00Z"')),
      { source: 'users' },
    );
    expect((await plan(late, await deploymentOver(real, rig))).report.refused).toHaveLength(1);
  });

  it('takes what the back end would send, and refuses an unknown source', async () => {
    const rows = ['{"userId":"a1","version":"2026-01-01T00:00:00Z","roles":["staff"],"attributes":{"country":"JP"}}'];
    expect((await imported(await file('a.jsonl', rows, { source: 'api' }))).done).toMatchObject({ created: 1 });
    const wish = await file('b.jsonl', rows, { source: 'nobody' });
    await expect(plan(wish, await deploymentOver(real, rig))).rejects.toThrow('nobody');
  });
});
