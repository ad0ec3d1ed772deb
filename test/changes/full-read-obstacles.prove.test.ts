import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordChange } from '../../functions/contacts/record-change.ts';
import { policyOf } from '../../functions/env.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { DynamoFullReads } from '../../functions/io/stores/full-reads.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { begun, type Finding, type FullRead } from '../../functions/rules/stores/full-read.ts';
import type { Deployment } from '../../local/commands/deployment.ts';
import { fullRead, fullReadLines } from '../../local/commands/readings.ts';
import { startReadStore, type ReadStore } from '../rigs/read-store-rig.ts';
import type { StoreFault } from '../stores/store-server.ts';

const people = 24;
const odd = 'somebody\u2028odd';
const idOf = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`;

let store: ReadStore;
let fullReads: DynamoFullReads;
beforeEach(async () => {
  store = await startReadStore({ roles: 'realmRoles', groups: 'groups' }, { read: { fullReadHours: 24 } });
  fullReads = new DynamoFullReads(store.real.table.client, 'Links', store.real.clock);
  for (let number = 0; number < people; number += 1) {
    store.realm.create(number === 1 ? odd : idOf(number), { enabled: true, firstName: `Person ${number}` });
    store.realm.give(number === 1 ? odd : idOf(number), 'staff');
  }
  expect(await minutes(5)).toMatchObject({ phase: 'done', others: people, losses: 0 });
  store.real.clock.advance(24 * 3_600_000);
  store.real.lines.length = 0;
});
afterEach(() => store.close());

/** The calls of the schedule in so many minutes, or until the reading ends. */
async function minutes(count: number): Promise<FullRead | undefined> {
  let state: FullRead | undefined;
  for (let passed = 0; passed < count; passed += 1) {
    store.real.clock.advance(61_000);
    await store.rig.hear({ fullReads: true });
    state = await fullReads.read('staff');
    if (state?.phase === 'done' || state?.phase === 'stopped') return state;
  }
  return state;
}
/** A reading that has come as far as that. */
async function underWay(state: Partial<FullRead>, findings: readonly Finding[] = []): Promise<void> {
  const before = await fullReads.read('staff');
  const lists = findings.length > 0 ? 1 : 0;
  const after = { ...begun('staff', before, store.real.clock.now()), people, lists, ...state };
  expect(await fullReads.move(before, after, findings)).toBe(true);
}
const failing = (fault: StoreFault, at: string) => {
  for (let times = 0; times < 500; times += 1) store.keycloak.failNext(fault, at);
};
const standingOf = async (id: string) => (await store.rig.link(id))?.accountStatus;
const standings = async () => Promise.all(Array.from({ length: people }, (_, number) => standingOf(idOf(number))));
const said = (text: string) => store.real.lines.filter((line) => line.includes(text));
const command = async () =>
  fullReadLines(
    'staff',
    await fullRead(
      {
        callUserChanged: async (event: object) => ({ kind: 'answered', payload: await store.rig.hear(event as never) }),
      } as unknown as Deployment,
      'staff',
    ),
  );

describe('a full reading goes on', () => {
  it('where it stood, behind a person whose id holds a separator of lines', async () => {
    const pages = new DynamoEvaluations(store.real.table.client, 'Links');
    const segments = await Promise.all(Array.from({ length: 8 }, (_, segment) => pages.page(segment, undefined, 100)));
    const segment = segments.findIndex(({ links }) => links.some(({ pk }) => pk === `user#${odd}`));
    const isBehind = segments.slice(segment + 1).flatMap(({ links }) => links);
    const { links } = await pages.page(segment, `user#${odd}`, 100);
    await underWay({ phase: 'links', cursor: `${segment}#user#${odd}`, people: 0 });
    expect(await minutes(5)).toMatchObject({ phase: 'done', people: links.length + isBehind.length });
  });

  it.each<StoreFault>([
    { kind: 'status', status: 403 },
    { kind: 'status', status: 429, retryAfterS: 30 },
    { kind: 'reset' },
    { kind: 'html' },
  ])('without one person about whom the store answers with %j, and names them', async (fault) => {
    failing(fault, `/users/${idOf(7)}`);
    for (const gone of [3, 9, 20]) store.realm.update(idOf(gone), { enabled: false });
    expect(await minutes(40)).toMatchObject({ phase: 'done', unread: 1, losses: 3 });
    for (const gone of [3, 9, 20]) expect(await standingOf(idOf(gone))).toBe('disabled');
    expect(await standingOf(idOf(7))).toBe('active');
    const { pseudonym = 'nobody' } = (await store.rig.link(idOf(7))) ?? {};
    expect(said('"read-failed"').some((line) => line.includes(pseudonym))).toBe(true);
  });

  it('never where the store refuses everybody, and nobody loses anything', async () => {
    failing({ kind: 'status', status: 403 }, '/users/');
    expect(await minutes(20)).toMatchObject({ phase: 'links', unread: 0, people: 0 });
    store.keycloak.recover();
    expect(await minutes(5)).toMatchObject({ phase: 'done', unread: 0 });
  });

  it('without the list of a store that gives none, says so, and finds who was disabled', async () => {
    failing({ kind: 'status', status: 500 }, '/users?');
    store.realm.update(idOf(3), { enabled: false });
    expect(await minutes(40)).toMatchObject({ phase: 'done', isListCut: true, losses: 1 });
    expect(await standingOf(idOf(3))).toBe('disabled');
    expect((await command())[0]).toContain('the list of the store could not be had');
    store.keycloak.recover();
    store.real.clock.advance(24 * 3_600_000);
    expect(await minutes(5)).toMatchObject({ phase: 'done', isListCut: false });
  });

  it('without whoever is deleted here, of whom nothing could be kept, and with whoever was created again', async () => {
    const links = new DynamoLinkTable(store.real.table.client, 'Links', store.real.clock);
    const tell = async (number: number, kind: 'create' | 'delete', source: string) => {
      const change = { source, kind, version: timeVersion(store.real.clock.now()), told: {} };
      await recordChange({ kind: 'user', userId: idOf(number) }, () => change, policyOf(store.rig.settings), links);
      store.real.clock.advance(1_000);
    };
    await tell(3, 'delete', 'api');
    for (const kind of ['delete', 'create'] as const) await tell(9, kind, 'staff');
    store.realm.update(idOf(9), { enabled: false });
    const before = await store.rig.link(idOf(3));
    expect(await minutes(5)).toMatchObject({ phase: 'done', people: people - 1 });
    expect([await standingOf(idOf(9)), await store.rig.link(idOf(3))]).toEqual(['disabled', before]);
    const found = await fullReads.found((await fullReads.read('staff'))!, 0);
    expect(found.map(({ userId }) => userId)).toEqual([idOf(9)]);
  });

  it('past a row that later settings evaluated, which stays unread', async () => {
    await store.real.table.client.send(
      new UpdateItemCommand({
        TableName: 'Links',
        Key: { pk: { S: `user#${idOf(7)}` } },
        UpdateExpression: 'SET deployment = :later',
        ExpressionAttributeValues: { ':later': { N: '99' } },
      }),
    );
    store.realm.update(idOf(7), { firstName: 'Renamed' });
    for (const gone of [3, 9, 20]) store.realm.update(idOf(gone), { enabled: false });
    expect(await minutes(5)).toMatchObject({ phase: 'done', unread: 1, losses: 3 });
    for (const gone of [3, 9, 20]) expect(await standingOf(idOf(gone))).toBe('disabled');
  });

  it('past a finding that can never be written', async () => {
    await underWay({ phase: 'commit', losses: 1 }, [
      { userId: 'x'.repeat(3_000), kind: 'other' },
      { userId: idOf(3), kind: 'loss' },
    ]);
    store.realm.update(idOf(3), { enabled: false });
    expect(await minutes(5)).toMatchObject({ phase: 'done' });
    expect(await standingOf(idOf(3))).toBe('disabled');
  });
});

describe('a full reading that is committed', () => {
  it('stops where the store has turned wrong since, and goes on by a word alone', async () => {
    const findings = Array.from({ length: people }, (_, number) => ({ userId: idOf(number), kind: 'other' as const }));
    await underWay({ phase: 'commit', others: people }, findings);
    store.realm.users.clear();
    const state = await minutes(5);
    expect(state).toMatchObject({ phase: 'stopped' });
    const disabled = (await standings()).filter((one) => one === 'disabled').length;
    expect([disabled > 10, disabled <= 14]).toEqual([true, true]);
    expect(said('"FullReadsHeldUp":1')).not.toEqual([]);
    const shown = await command();
    expect(shown[0]).toContain(`stopped, and ${disabled} lost something that nobody had found`);
    expect(shown).toHaveLength(people + 2);
    // A word lets no more through than was always let through.
    for (const phase of ['stopped', 'done']) {
      expect(await store.rig.hear({ fullRead: 'staff', release: state!.startedAtMs })).toEqual({ kind: 'released' });
      expect(await minutes(5)).toMatchObject({ phase });
    }
  });

  it('shows ids as they are on one line of a terminal', async () => {
    await underWay({ phase: 'stopped', losses: 1 }, [{ userId: `${odd}\u202e`, kind: 'loss' }]);
    expect(await command()).toContain('  loss somebody\\u2028odd\\u202e');
  });
});
