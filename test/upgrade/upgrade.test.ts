import { readFileSync, readdirSync } from 'node:fs';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import project from '../../package.json' with { type: 'json' };
import type { ContactRow } from '../../local/emulator/state/rows.ts';
import { SECOND_PASS_AFTER_MS } from '../../functions/rules/evaluation.ts';
import { event } from '../rigs/change-rig.ts';
import { aheadMs, itemsOf, kindsOf, readUser, startJobs, unreadUser, type Item, type Jobs } from './release.ts';

/** What a release left behind, written by its own code (`write-tables.ts`). */
interface Kept {
  readonly release: string;
  readonly atMs: number;
  readonly people: Readonly<Record<string, { accountStatus: string; generation: number; contactId: string | null }>>;
  readonly visitor: { readonly contactId: string; readonly visitorToken: string };
  readonly broadcasts: Readonly<Record<'over' | 'again' | 'cancelled' | 'waiting' | 'midway', string>> & {
    readonly known: readonly string[];
  };
  readonly contacts: readonly ContactRow[];
  readonly conversations: Jobs['real']['emulator']['store']['conversations'];
  readonly tables: { readonly Links: readonly Item[]; readonly Broadcasts: readonly Item[] };
}

const releases = readdirSync(import.meta.dirname).filter((file) => /^tables-.*\.json$/.test(file));
const kept = (file: string) => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Kept;

it('the tables of the last release are kept, and the CHANGELOG has it', () => {
  expect(readFileSync('CHANGELOG.md', 'utf8')).toContain(`\n## ${project.version} (`);
  expect(releases).toContain(`tables-${project.version}.json`);
});

describe.each(releases)('the present code over %s', (file) => {
  const before = kept(file);
  let jobs: Jobs;
  /** As docs/upgrading.md says: the tables stay as they are, and a deployment with a higher number follows, an hour later. */
  beforeAll(async () => {
    jobs = await startJobs(2);
    const { real, realm, changes } = jobs;
    real.clock.advance(before.atMs + 3_600_000 - real.clock.now());
    for (const [TableName, items] of Object.entries(before.tables))
      for (const one of items) await real.table.client.send(new PutItemCommand({ TableName, Item: one }));
    for (const contact of before.contacts) real.emulator.store.addContact(contact);
    for (const { contactId, ...one } of before.conversations) real.emulator.store.addConversation(contactId, one);
    realm.create(readUser, { enabled: true, firstName: 'Sample' });
    realm.give(readUser, 'staff');
    realm.create(unreadUser, { enabled: true, firstName: 'Unread' });
    changes.finished.clear();
  });
  afterAll(() => jobs.close());

  it('has every kind of row that there is', () => {
    expect([...kindsOf(before.tables.Links), ...kindsOf(before.tables.Broadcasts)]).toEqual([
      'contact',
      'evaluation',
      'event',
      'full-read',
      'pause',
      'quarantined',
      'read',
      'user',
      'visitor',
      'visitors',
      'broadcast/broadcast',
      'broadcast/cancelled',
      'broadcast/run',
      'run/batch',
      'run/tally',
    ]);
  });

  it('shows everybody as they were', async () => {
    for (const [userId, state] of Object.entries(before.people)) expect(await jobs.show(userId)).toMatchObject(state);
  });

  it('brings what was outstanding to its end: a change, a first contact, an erasure, a reading, under the new settings', async () => {
    const { changes, real } = jobs;
    await changes.hear({ reads: true });
    await changes.settle();
    real.clock.advance(SECOND_PASS_AFTER_MS);
    await changes.settle();
    expect(changes.finished.size).toBe(8);
    expect(changes.contactsOf('waiting')).toMatchObject([{ name: 'Changed' }]);
    expect(changes.contactsOf('unbound')).toMatchObject([{ name: 'Unbound' }]);
    expect(changes.contactsOf('erasing')).toEqual([]);
    expect(changes.contactsOf(unreadUser)).toMatchObject([{ name: 'Unread' }]);
    const rows = await itemsOf(jobs, 'Links');
    expect(rows.filter(({ pk }) => pk?.S?.startsWith('read#')).filter(({ dueAt }) => dueAt)).toEqual([]);
    expect(real.lines.filter((line) => line.includes('"level":"ERROR"'))).toEqual([]);
  });

  it('gives everybody who signs in the contact that was theirs, and no second one', async () => {
    for (const [userId, { accountStatus, contactId }] of Object.entries(before.people)) {
      const { body } = await jobs.signIn(userId);
      if (accountStatus !== 'active') expect(body).not.toHaveProperty('contactId');
      else if (contactId !== null) expect(body).toMatchObject({ contactId });
      const has = accountStatus === 'deleted' ? 0 : 1;
      expect([userId, jobs.changes.contactsOf(userId).length]).toEqual([userId, has]);
    }
    const { contactId, visitorToken } = before.visitor;
    expect((await jobs.visit({ visitorToken })).body).toMatchObject({ contactId });
  });

  it('knows an event that was taken before, and takes one up that waited in quarantine', async () => {
    const { changes, real } = jobs;
    const again = event('created', 'announced', 1, { name: 'Sample announced', roles: ['staff'] });
    expect(await changes.webhook(again, { id: 'announced-1' })).toMatchObject({ body: { status: 'repeated' } });
    real.clock.advance(aheadMs);
    expect(await changes.hear({ redrive: true, source: 'generic' })).toMatchObject({ found: 1, redriven: 1, left: 0 });
    expect(await jobs.show('timed')).toMatchObject({ accountStatus: 'disabled' });
  });

  it('ends the broadcasts that were under way, and nobody gets a message twice', async () => {
    const { broadcasts: rig } = jobs;
    const { known, over, again, cancelled, waiting, midway } = before.broadcasts;
    for (const id of [waiting, midway]) await rig.settle(id);
    for (const message of ['Over', 'Waiting', 'Midway'])
      for (const times of rig.times(message, known)) expect(times).toBeLessThanOrEqual(1);
    expect(rig.times('Over', known)).toEqual([1, 1, 1]);
    expect(rig.times('Cancelled', known)).toEqual([0, 0, 0]);
    const stateOf = async (id: string) => (await rig.show(id)).body.state as string;
    expect(await Promise.all([over, again, cancelled, waiting, midway].map(stateOf))).toEqual([
      'done',
      'scheduled',
      'cancelled',
      'done',
      'done',
    ]);
    expect((await rig.recipients(over)).map(({ state }) => state)).toEqual(['sent', 'sent', 'sent']);
  });

  it('goes on with the full reading that was under way', async () => {
    for (let minutes = 0; minutes < 3; minutes += 1) {
      jobs.real.clock.advance(61_000);
      await jobs.changes.hear({ fullReads: true });
    }
    expect(await jobs.changes.hear({ fullRead: 'staff' })).toMatchObject({ kind: 'state', state: { source: 'staff' } });
  });

  it('erases whom the release knew', async () => {
    const erase = { parameters: { userId: 'member' }, claims: { sub: 'back-office', scope: 'contacts.erase' } };
    await jobs.broadcasts.ask('DELETE /v1/users/{userId}', erase);
    await jobs.changes.settle();
    expect(jobs.changes.contactsOf('member')).toEqual([]);
  });
});
