import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOutstanding } from '../../functions/rules/contacts/link.ts';
import type { SyncEvent } from '../../functions/sync.ts';
import { differenceSchema, type Difference } from '../../functions/rules/maiagent/difference.ts';
import { apply, audit, listed } from '../../local/bulk/audit.ts';
import { begin, carryOut, plan as planOf, type Wish } from '../../local/bulk/import.ts';
import type { Deployment } from '../../local/commands/deployment.ts';
import type { ContactRow, Inbox } from '../../local/emulator/state/rows.ts';
import { ChangeRig, event } from '../rigs/change-rig.ts';
import { standingClock, startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sized } from '../scope.ts';
import { deploymentOver } from './deployment-over.ts';

const PEOPLE = sized({ test: 60, prove: 200, long: 5_000 });
/** Of each kind, in the order in which they are planted. */
const PLANTED = sized({ test: 4, prove: 9, long: 9 });
const kinds = differenceSchema.shape.kind.options;
const elsewhere = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a99';

const plan = async (wish: Wish, deployment: Deployment) => planOf(wish, deployment, await begin(wish, deployment));

let real: RealDeps;
let rig: ChangeRig;
let deployment: Deployment;
const planted = new Map<string, string>();
beforeAll(async () => {
  real = await startDeps();
  rig = new ChangeRig(real);
  deployment = await deploymentOver(real, rig);
  (real.emulator.store.inboxes as Inbox[]).push({ id: elsewhere, name: 'Another', webChatId: 'x' });
  await populate();
  await plant();
}, 1_200_000);
afterAll(() => real.close());

const contactOf = (userId: string): ContactRow => {
  const [contact] = rig.contactsOf(userId);
  if (!contact) throw new Error(`${userId} has no contact`);
  return contact;
};
const change = (contact: ContactRow, fields: Partial<ContactRow>) => real.emulator.store.change(contact, fields);
const nameOf = ({ kind, contactId }: Pick<Difference, 'kind' | 'contactId'>) => `${kind} ${contactId}`;

async function settle(): Promise<void> {
  for (let sweeps = 0; sweeps < 200; sweeps += 1) {
    await rig.sync({ sweep: true });
    if (!(await rig.links()).some(isOutstanding)) return;
    real.clock.advance(20_000);
  }
  throw new Error('something is still owed');
}

/** People in every state: `k<kind>-<n>` are those of whom something is planted. */
async function populate(): Promise<void> {
  const special = kinds.flatMap((_, kind) => Array.from({ length: PLANTED }, (_, n) => `k${kind}-${n}`));
  const others = Array.from({ length: PEOPLE }, (_, n) => `p${n}`);
  const folder = await mkdtemp(join(tmpdir(), 'audit-'));
  const path = join(folder, 'users.csv');
  const rows = [...special, ...others].map((id) => `${id},1,Person ${id},${id}@corp.example,staff`);
  await writeFile(path, ['userId,version,name,email,roles', ...rows].join('\n'));
  const wish = { path, source: 'generic' };
  await carryOut(wish, deployment, (await plan(wish, deployment)).work);
  await rm(folder, { recursive: true });
  await settle();
  for (const [n, userId] of others.slice(0, 30).entries()) {
    if (n % 3 === 0) await rig.webhook(event('disabled', userId, 2));
    else {
      if (n % 2 === 0) real.emulator.store.addConversation(contactOf(userId).id);
      await rig.webhook(event('deleted', userId, 2));
      if (n % 5 === 0) await rig.webhook(event('created', userId, 3, { name: 'Again', roles: ['staff'] }));
    }
  }
  // Of these something is extra, or left behind.
  for (let n = 0; n < PLANTED; n += 1) {
    await rig.webhook(event('deleted', `k1-${n}`, 2));
    await rig.webhook(event('deleted', `k6-${n}`, 2));
    await rig.webhook(event('created', `k6-${n}`, 3, { name: 'Back', roles: ['staff'] }));
  }
  await settle();
}

async function plant(): Promise<void> {
  const { store } = real.emulator;
  for (let n = 0; n < PLANTED; n += 1) {
    const remember = (kind: Difference['kind'], { id }: ContactRow) => planted.set(nameOf({ kind, contactId: id }), id);
    for (const [at, kind] of kinds.entries()) {
      const userId = `k${at}-${n}`;
      const own = kind === 'extra' ? undefined : contactOf(userId);
      if (kind === 'missing') store.remove(own!);
      if (kind === 'foreign_edit') change(own!, { name: 'Edited', email: 'else@corp.example' });
      if (kind === 'permission') change(own!, { queryMetadata: { knowledge_bases: [] } });
      if (kind === 'elsewhere') change(own!, n % 2 === 0 ? { inboxes: [elsewhere] } : { sourceId: `other-${n}` });
      const isMore = kind === 'extra' || kind === 'doubled' || kind === 'left_behind';
      remember(kind, isMore ? store.addContact({ sourceId: userId, name: `More ${n}` }) : own!);
    }
  }
  store.addContact({ sourceId: 'nobody', name: 'Orphan' });
}

describe('an audit', () => {
  let differences: readonly Difference[] = [];

  it('finds exactly what was planted, of seven kinds', async () => {
    const found = await audit(deployment, undefined);
    differences = found.differences;
    expect(found.underWay).toBe(0);
    expect(differences.map(nameOf).toSorted()).toEqual([...planted.keys()].toSorted());
    expect(differences.find(({ kind }) => kind === 'foreign_edit')?.fields).toEqual(['name', 'email']);
    expect(JSON.stringify(differences)).not.toMatch(/corp\.example|Person|Edited/);
  });

  it('finds the same of some users alone, and contacts that no link knows', async () => {
    const users = ['k2-0', 'k5-0', 'k6-0', 'p40', 'unheard of'];
    const some = await audit(deployment, users);
    expect(some.unknown).toBe(1);
    const found = some.differences.map(nameOf);
    expect(found.toSorted()).toEqual(
      differences
        .filter(({ pk }) => users.includes(pk.slice(5)))
        .map(nameOf)
        .toSorted(),
    );
    expect(found).toHaveLength(3);
    expect((await listed(deployment)).orphans).toEqual([expect.objectContaining({ sourceId: 'nobody' })]);
  });

  it('mends exactly its plan, leaves alone what has changed since, and names it', async () => {
    const of = (userId: string) => differences.find(({ pk }) => pk === `user#${userId}`)!;
    const changed = ['k2-0', 'k2-1', 'k3-0', 'k4-0', 'k0-0', 'k5-0', 'k6-0', 'k3-1', 'k4-1', 'k1-0'];
    // Of the link.
    await rig.webhook(event('updated', 'k2-0', 9, { name: 'Later', roles: ['staff'] }));
    await rig.webhook(event('disabled', 'k3-0', 9));
    await rig.webhook(event('deleted', 'k4-0', 9));
    await rig.webhook(event('updated', 'k0-0', 9, { name: 'Later', roles: [] }));
    await rig.webhook(event('created', 'k1-0', 9, { name: 'Back', roles: [] }));
    // At MaiAgent.
    change(contactOf('k2-1'), { name: 'Edited once more' });
    change(contactOf('k3-1'), { queryMetadata: { knowledge_bases: [{ knowledge_base_id: elsewhere }] } });
    change(real.emulator.store.row(of('k4-1').contactId)!, { sourceId: 'another again' });
    change(real.emulator.store.row(of('k5-0').contactId)!, { name: 'Edited' });
    real.emulator.store.remove(real.emulator.store.row(of('k6-0').contactId)!);

    const all = await apply(deployment, differences);
    const left = all.filter(({ why }) => why !== undefined);
    expect(left.map(({ pk }) => pk.slice(5)).toSorted()).toEqual(changed.toSorted());
    expect(new Set(left.map(({ why }) => why))).toEqual(
      new Set([
        'its link is being worked on',
        'its link has changed',
        'its contact has changed',
        'it is in order by now',
      ]),
    );
    await settle();
    const rest = (await audit(deployment, undefined)).differences;
    expect(rest.every(({ pk }) => changed.includes(pk.slice(5)))).toBe(true);
    expect((await apply(deployment, rest)).filter(({ why }) => why !== undefined)).toEqual([]);
    await settle();
    expect(await audit(deployment, undefined)).toEqual({ differences: [], underWay: 0, unknown: 0 });
    for (const userId of ['k2-2', 'k3-2', 'k4-2', 'k4-3']) {
      const { contactId } = (await rig.link(userId))!;
      expect(contactOf(userId)).toMatchObject({ id: contactId, sourceId: userId, name: `Person ${userId}` });
    }
    expect(await rig.link('k0-2')).toMatchObject({ generation: 2 });
  });

  it('changes nothing where the plan is carried out once more', async () => {
    const from = real.table.calls.length;
    expect((await apply(deployment, differences)).every(({ why }) => why !== undefined)).toBe(true);
    expect(real.table.calls.slice(from).filter((call) => /Update|Transact/.test(call))).toEqual([]);
  });

  it('comes to its end at the slowest pace that a stage may have', async () => {
    const clock = standingClock();
    const callSync = async (event: object) => {
      const payload = await rig.sync(event as SyncEvent, { clock, requestsPerSecond: 0.2 });
      return { kind: 'answered', payload } as const;
    };
    const slow = { ...deployment, callSync };
    const users = Array.from({ length: 9 }, (_, n) => `p${n}`);
    expect(await audit(slow, users)).toEqual({ differences: [], underWay: 0, unknown: 0 });
    const why = (await apply(slow, differences)).map((one) => one.why ?? '');
    expect(why.filter((one) => one.startsWith('there was no time for it')).length).toBeGreaterThan(0);
  });

  it("asks MaiAgent nothing while it wants a pause, and makes its own failure everybody's", async () => {
    real.emulator.faults.add({ on: 'any', kind: '429-retry-after', retryAfterS: 20, times: 'always', probability: 1 });
    await expect(rig.sync({ compare: 'list' })).rejects.toThrow('maiagent_busy');
    const asked = real.emulator.calls.length;
    await expect(rig.sync({ mend: [...differences] })).rejects.toThrow('maiagent_busy');
    expect(real.emulator.calls.length).toBe(asked);
    real.emulator.faults.clear();
    real.clock.advance(21_000);
    expect((await listed(deployment)).orphans).toMatchObject([{ sourceId: 'nobody' }]);
  });
});
