import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { isOutstanding } from '../../functions/rules/contacts/link.ts';
import { audit, listed } from '../../local/bulk/audit.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { begin, carryOut, plan as planOf, type Wish } from '../../local/bulk/import.ts';
import type { Inbox } from '../../local/emulator/state/rows.ts';
import type { Deployment } from '../../local/commands/deployment.ts';
import { ChangeRig, event } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sized } from '../scope.ts';
import { deploymentOver } from './deployment-over.ts';

/** Half of those to be adopted have their exact id at MaiAgent, half stand in the file of pairs. */
const {
  all: ALL,
  adopted: ADOPTED,
  trap: OF_EACH,
} = sized({
  test: { all: 200, adopted: 40, trap: 2 },
  prove: { all: 400, adopted: 80, trap: 4 },
  long: { all: 10_000, adopted: 2_000, trap: 10 },
});
const elsewhere = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a99';

const plan = async (wish: Wish, deployment: Deployment) => planOf(wish, deployment, await begin(wish, deployment));

let real: RealDeps;
let rig: ChangeRig;
let folder = '';
beforeAll(async () => {
  real = await startDeps();
  rig = new ChangeRig(real);
  folder = await mkdtemp(join(tmpdir(), 'adopt-'));
  (real.emulator.store.inboxes as Inbox[]).push({ id: elsewhere, name: 'Another', webChatId: 'x' });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await real.close();
});

it('adopts exactly the right ones among many, and nothing in a trap', async () => {
  const { store } = real.emulator;
  const made = (fields: Parameters<typeof store.addContact>[0]) => store.addContact({ name: 'By hand', ...fields }).id;
  const right = new Map<string, string>();
  const pairs: [string, string][] = [];
  const users: string[] = [];
  for (let n = 0; n < ADOPTED; n += 1) {
    const userId = `u${n}`;
    users.push(userId);
    const isExact = n % 2 === 0;
    const contactId = made({ sourceId: isExact ? userId : n % 4 === 1 ? `old-system-${n}` : null });
    right.set(userId, contactId);
    if (!isExact) pairs.push([userId, contactId]);
  }
  const created: string[] = [];
  const refused: string[] = [];
  const traps: Readonly<Record<string, (userId: string) => void>> = {
    // These get a contact of their own.
    case: (userId) => (made({ sourceId: userId.toUpperCase() }), created.push(userId)),
    generation: (userId) => (made({ sourceId: `${userId}~2` }), created.push(userId)),
    // Of these nobody can say whose the contact is.
    foreign: (userId) => (pairs.push([userId, made({ inboxes: [elsewhere] })]), refused.push(userId)),
    doubled: (userId) => (made({ sourceId: userId }), made({ sourceId: userId }), refused.push(userId)),
    deleted: (userId) => (pairs.push([userId, made({ deletedAt: 1 })]), refused.push(userId)),
    taken: (userId) => (made({ sourceId: userId }), pairs.push([userId, made({})]), refused.push(userId)),
    visitor: (userId) => (pairs.push([userId, made({ sourceId: `~visitor_${userId}` })]), refused.push(userId)),
    // It is found by the id of somebody who comes later in the file, and is theirs.
    swapped: (userId) => {
      const owner = `owner-of-${userId}`;
      const contactId = made({ sourceId: owner });
      pairs.push([userId, contactId]);
      refused.push(userId);
      users.push(owner);
      right.set(owner, contactId);
    },
  };
  for (const [trap, set] of Object.entries(traps))
    for (let n = 0; n < OF_EACH; n += 1) {
      users.push(`${trap}-${n}`);
      set(`${trap}-${n}`);
    }
  // A contact that is somebody else's, and a user who has one.
  await rig.webhook(event('created', 'has-one', 1, { name: 'H' }));
  await rig.settle();
  const theirs = rig.contactsOf('has-one')[0]!.id;
  pairs.push(['wants-theirs', theirs], ['has-one', made({})]);
  users.push('wants-theirs', 'has-one');
  refused.push('wants-theirs', 'has-one');
  while (store.liveContacts.length < ALL) made({ sourceId: `stranger-${store.liveContacts.length}` });
  const before = new Map(store.liveContacts.map((one) => [one.id, structuredClone(one)]));

  const path = join(folder, 'users.csv');
  const adopt = join(folder, 'pairs.csv');
  await writeFile(path, ['userId,version,name,roles', ...users.map((id) => `${id},1,Person ${id},staff`)].join('\n'));
  await writeFile(adopt, ['userId,contactId', ...pairs.map((pair) => pair.join())].join('\n'));
  const wish = { path, source: 'generic', adopt };
  const deployment = await deploymentOver(real, rig);
  const { report, work } = await plan(wish, deployment);
  expect(report).toMatchObject({ adopted: right.size, created: right.size + created.length });
  expect(report.refused.map(({ line }) => users[line - 2] ?? '').toSorted()).toEqual(refused.toSorted());
  await carryOut(wish, deployment, work);
  for (let sweeps = 0; sweeps < 400 && (await rig.links()).some(isOutstanding); sweeps += 1) {
    await rig.sync({ sweep: true });
    real.clock.advance(20_000);
  }

  const links = new Map((await rig.links()).map((link) => [link.pk.slice(5), link]));
  const bound = [...right].filter(([userId, contactId]) => links.get(userId)?.contactId !== contactId);
  expect(bound).toEqual([]);
  for (const [userId, contactId] of right)
    expect(store.row(contactId)).toMatchObject({ sourceId: userId, name: `Person ${userId}` });
  for (const userId of created) expect(before.has(links.get(userId)?.contactId ?? '')).toBe(false);
  for (const userId of refused) if (userId !== 'has-one') expect(links.has(userId)).toBe(false);
  const ours = new Set([...right.values(), theirs]);
  const touched = store.liveContacts.filter(
    ({ id, updatedAt }) => before.has(id) && before.get(id)?.updatedAt !== updatedAt,
  );
  expect(touched.filter(({ id }) => !ours.has(id))).toEqual([]);
  expect(store.liveContacts).toHaveLength(before.size + created.length);

  const [writes, calls] = [real.table.calls.length, real.emulator.calls.length];
  const again = await plan(wish, deployment);
  expect(again.report).toMatchObject({ adopted: 0, created: 0, unchanged: users.length - refused.length });
  expect(await carryOut(wish, deployment, again.work)).toMatchObject({
    changed: 0,
    unchanged: users.length - refused.length,
  });
  expect(real.table.calls.slice(writes).filter((call) => /Update|Transact/.test(call))).toEqual([]);
  expect(real.emulator.calls.slice(calls).every(({ operation }) => operation === 'list')).toBe(true);
}, 1_200_000);

it('says which pairs are of nobody in the file, whose contacts nobody takes', async () => {
  const [path, adopt] = [join(folder, 'few.csv'), join(folder, 'few-pairs.csv')];
  const { id } = real.emulator.store.addContact({ name: 'By hand' });
  await writeFile(path, 'userId,name\nFew-1,Sample');
  await writeFile(adopt, `userId,contactId\nfew-1,${id}`);
  const said = vi.spyOn(console, 'error').mockReturnValue();
  const [wish, deployment] = [
    { path, source: 'generic', asOf: '2026-02-01T00:00:00Z', adopt },
    await deploymentOver(real, rig),
  ];
  const begun = await begin(wish, deployment);
  // As a pipe is, once it was read.
  await writeFile(adopt, '');
  await planOf(wish, deployment, begun);
  expect(said.mock.calls.flat()).toContain('pairs that are of nobody in the file (1): few-1');
  await expect(plan(wish, deployment)).rejects.toThrow('--adopt: the pairs must have the columns');
  said.mockRestore();
});

it('takes no contact that changed hands after the plan, and finds the one whose claim had no reply, or claims it again', async () => {
  const { store } = real.emulator;
  const made = () => store.addContact({ name: 'By hand' });
  const [moved, lost, unsent, late] = [made(), made(), made(), made()];
  const path = join(folder, 'two.csv');
  const adopt = join(folder, 'two-pairs.csv');
  await writeFile(path, 'userId,version,name,roles\nmoved,1,M,\nlost,1,L,\nunsent,1,U,\nlate,1,L,\n');
  const pairs = Object.entries({ moved, lost, unsent, late }).map(([userId, { id }]) => `${userId},${id}`);
  await writeFile(adopt, ['userId,contactId', ...pairs].join('\n'));
  const wish = { path, source: 'generic', adopt };
  const deployment = await deploymentOver(real, rig);
  const { report, work } = await plan(wish, deployment);
  // This one gets a contact of their own while the operator reads the plan.
  await rig.webhook(event('created', 'late', 1, { name: 'L' }));
  await rig.settle();
  const done = await carryOut(wish, deployment, work);
  expect([report.adopted, done.adopted]).toEqual([4, 3]);
  expect(done.refused).toEqual([{ line: 5, why: 'has another contact already' }]);
  store.change(moved, { inboxes: [elsewhere] });
  real.emulator.faults.add({ on: 'patch', kind: 'reset-after-commit', times: 1 });
  real.emulator.faults.add({ on: 'patch', kind: 'reset-before', times: 1 });
  await rig.settle();
  expect(await rig.link('lost')).toMatchObject({ contactId: lost.id });
  expect(lost).toMatchObject({ sourceId: 'lost', name: 'L' });
  expect(unsent).toMatchObject({ sourceId: 'unsent', name: 'U' });
  expect(rig.contactsOf('unsent')).toHaveLength(1);
  const { contactId } = (await rig.link('moved'))!;
  expect(contactId).not.toBe(moved.id);
  expect(moved.sourceId).toBeNull();
  expect(rig.contactsOf('lost')).toHaveLength(1);
});

it('leaves a contact alone that MaiAgent refuses to let it have: no audit erases it, and another user may have it at once', async () => {
  const kept = real.emulator.store.addContact({ name: 'By hand' });
  const before = structuredClone(kept);
  const deployment = await deploymentOver(real, rig);
  const adopts = async (userId: string) => {
    const path = join(folder, `${userId}.csv`);
    const adopt = join(folder, `${userId}-pairs.csv`);
    await writeFile(path, `userId,version,name\n${userId},1,K\n`);
    await writeFile(adopt, `userId,contactId\n${userId},${kept.id}\n`);
    const wish = { path, source: 'generic', adopt };
    expect(await carryOut(wish, deployment, (await plan(wish, deployment)).work)).toMatchObject({ adopted: 1 });
  };
  await adopts('refused');
  const send = httpSender();
  let refusals = 0;
  const refusing: HttpSend = (request) => {
    if (request.method !== 'PATCH' || !request.url.pathname.includes(kept.id)) return send(request);
    refusals += 1;
    return Promise.resolve({ kind: 'reply', status: 400, headers: {}, body: '{"inboxes":["Not this one."]}' });
  };
  await rig.sync({ sweep: true }, { send: refusing });
  expect(refusals).toBe(1);
  expect(rig.contactsOf('refused')).toHaveLength(1);
  expect(kept).toEqual(before);
  const { differences } = await audit(deployment, undefined);
  expect(differences.filter(({ contactId }) => contactId === kept.id)).toEqual([]);
  expect((await listed(deployment)).orphans).toContainEqual({ contactId: kept.id, sourceId: null });
  await adopts('instead');
  await rig.sync({ sweep: true });
  expect(await rig.link('instead')).toMatchObject({ contactId: kept.id });
});
