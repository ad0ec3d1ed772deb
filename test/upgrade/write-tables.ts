import { writeFileSync } from 'node:fs';
import project from '../../package.json' with { type: 'json' };
import { event } from '../rigs/change-rig.ts';
import { itemsOf, readUser, startJobs, unreadUser, aheadMs, type Jobs } from './release.ts';

/**
 * Lets the jobs of this version live through all that leaves rows behind, and keeps the tables and what MaiAgent has in
 * `test/upgrade/tables-<version>.json`. Run once when a version is cut, with the version in package.json: `node test/upgrade/write-tables.ts`.
 */
const jobs = await startJobs();
await settled(jobs);
const broadcasts = await messages(jobs);
const visitor = (await jobs.visit()).body;
await unsettled(jobs);
const users = [
  'member',
  'announced',
  'disabled',
  'deleted',
  'again',
  'of-the-table',
  'of-the-back-end',
  'timed',
  readUser,
];
const late = ['waiting', 'unbound', 'erasing', unreadUser];
const people = await Promise.all([...users, ...late].map(async (userId) => [userId, await jobs.show(userId)] as const));
const { store } = jobs.real.emulator;
const kept = {
  release: project.version,
  atMs: jobs.real.clock.now(),
  people: Object.fromEntries(
    people.map(([userId, { accountStatus, generation, contactId }]) => [
      userId,
      { accountStatus, generation, contactId },
    ]),
  ),
  visitor,
  broadcasts,
  contacts: store.liveContacts,
  conversations: store.conversations,
  tables: { Links: await itemsOf(jobs, 'Links'), Broadcasts: await itemsOf(jobs, 'Broadcasts') },
};
writeFileSync(new URL(`tables-${project.version}.json`, import.meta.url), `${JSON.stringify(kept, undefined, 1)}\n`);
await jobs.close();

/** People of whom nothing is outstanding. */
async function settled({ changes, realm, tell, signIn, real, broadcasts: { settings } }: Jobs): Promise<void> {
  const told = (type: string, userId: string, version: number) =>
    changes.webhook(event(type, userId, version, { name: `Sample ${userId}`, roles: ['staff'] }), {
      id: `${userId}-${version}`,
    });
  await signIn('member');
  for (const userId of ['announced', 'disabled', 'deleted', 'again', 'waiting', 'erasing'])
    await told('created', userId, 1);
  const timed = { ...event('created', 'timed', 1), data: { userId: 'timed', version: '2026-01-01T00:00:00Z' } };
  await changes.webhook(timed, { id: 'timed-1' });
  await changes.record('INSERT', { userId: 'of-the-table', version: 1, status: 'active', name: 'Sample' });
  await putByTheBackEnd();
  await tell(realm.create(readUser, { enabled: true, firstName: 'Sample' }));
  await tell(realm.give(readUser, 'staff'));
  await changes.hear({ reads: true });
  await changes.hear({ fullReads: true });
  await changes.settle();
  await told('disabled', 'disabled', 2);
  for (const userId of ['deleted', 'again']) await told('deleted', userId, 2);
  await changes.settle();
  await told('created', 'again', 3);
  await changes.settle();
  changes.finished.clear();
  await changes.sync({ sweep: true });

  async function putByTheBackEnd() {
    const { call } = await import('../rigs/gateway-event.ts');
    const request = {
      parameters: { userId: 'of-the-back-end' },
      claims: { sub: 'back-end' },
      body: { version: 1, name: 'Sample' },
    };
    await call(real.job({ settings }), { routeKey: 'PUT /v1/users/{userId}', ...request });
  }
}

/** A broadcast that is over, one that comes again, one that was cancelled, and one in the middle of which MaiAgent went away. */
async function messages({ broadcasts: rig, real }: Jobs) {
  const known = ['member', 'announced', 'of-the-table'];
  for (const userId of known) real.emulator.store.addConversation(rig.contactIdOf(userId), { title: 'Sample' });
  const audience = { kind: 'users', userIds: known };
  const create = async (message: string, more: object = {}): Promise<string> =>
    (await rig.create({ message, audience, ...more })).body.broadcastId;
  const over = await create('Over');
  await rig.settle(over);
  const again = await create('Again', { schedule: { kind: 'cron', cron: '0 9 * * ? *', timeZone: 'Asia/Tokyo' } });
  const cancelled = await create('Cancelled');
  await rig.cancel(cancelled);
  const waiting = await create('Waiting');
  const midway = await create('Midway');
  real.emulator.faults.add({ on: 'broadcast', kind: '500', times: 'always' });
  await rig.wake({ sweep: true });
  real.emulator.faults.clear();
  return { known, over, again, cancelled, waiting, midway };
}

/** What the next sweep finds: a change, a first contact, an erasure, a reading, a pause, a quarantined event and one that was discarded. */
async function unsettled({ changes, realm, tell, real }: Jobs): Promise<void> {
  await changes.webhook(event('updated', 'waiting', 5, { name: 'Changed' }), { id: 'waiting-5' });
  await changes.webhook(event('created', 'unbound', 1, { name: 'Unbound' }), { id: 'unbound-1' });
  real.emulator.faults.add({ on: 'any', kind: '429-retry-after', retryAfterS: 60, times: 'always' });
  await changes.sync({ sweep: true });
  real.emulator.faults.clear();
  await changes.webhook(event('deleted', 'erasing', 2), { id: 'erasing-2' });
  await tell(realm.create(unreadUser, { enabled: true, firstName: 'Unread' }));
  const version = new Date(real.clock.now() + aheadMs).toISOString();
  const ahead = (userId: string) => ({ ...event('disabled', userId, 1), data: { userId, version } });
  await changes.webhook(ahead('timed'), { id: 'timed-ahead' });
  await changes.webhook(ahead('nobody'), { id: 'nobody-ahead' });
  const quarantined = (await itemsOf(jobs, 'Links')).find(({ eventId }) => eventId?.S === 'nobody-ahead');
  await changes.hear({ discard: [quarantined?.['pk']?.S?.replace('quarantined#', '') ?? ''], why: 'a sample reason' });
}
