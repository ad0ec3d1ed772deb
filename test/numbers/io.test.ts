import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { startReadStore } from '../rigs/read-store-rig.ts';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleUser as directoryUser, patchOf, scimSource, ScimRig } from '../rigs/scim-rig.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { withdrawalsOf } from '../../functions/io/scim/withdrawals.ts';

/** What one operation asks of DynamoDB and MaiAgent: requests, then the units that the engine counts, of all tables and indexes. */
type Io = [reads: number, writes: number, readUnits: number, writeUnits: number, calls: number];

const documented = new Map(
  readFileSync('docs/performance.md', 'utf8')
    .split('\n')
    .flatMap((line): [string, Io][] => {
      const [, what = '', ...cells] = line.split('|').map((cell) => cell.trim());
      const numbers = cells.slice(0, 5).map(Number);
      return numbers.length === 5 && numbers.every(Number.isFinite) ? [[what, numbers as Io]] : [];
    }),
);

/** Counts what is asked from now on. */
function meterOf({ table, emulator }: RealDeps): { take(): Io } {
  let [reads, writes, readUnits, writeUnits, before] = [0, 0, 0, 0, 0];
  table.client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const isRead = /^(Get|BatchGet|Query|Scan)/.test(commandName);
        if (isRead) reads += 1;
        else writes += 1;
        const { output, ...rest } = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } });
        const { ConsumedCapacity: used } = output as { ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] };
        const units = [used ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
        if (isRead) readUnits += units;
        else writeUnits += units;
        return { ...rest, output };
      },
    { step: 'initialize', priority: 'low', name: 'countIo' },
  );
  return {
    take() {
      const taken: Io = [reads, writes, readUnits, writeUnits, emulator.calls.length - before];
      [reads, writes, readUnits, writeUnits, before] = [0, 0, 0, 0, emulator.calls.length];
      return taken;
    },
  };
}

let real: RealDeps;
let meter: ReturnType<typeof meterOf>;
let rig: ChangeRig;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
  meter = meterOf(real);
});
afterAll(() => real.close());

/** That the work costs what the document says. */
async function costs(what: string, work: () => Promise<unknown>, by = meter): Promise<void> {
  by.take();
  await work();
  expect(by.take(), what).toEqual(documented.get(what));
}

const claims = (sub: string, more = {}) => ({ sub, name: 'Sample Person', ...more });
const signIn = (sub: string, more = {}) =>
  call(real.job(), { routeKey: 'POST /v1/identity', claims: claims(sub, more), body: {} });
const visit = (body = {}) => call(real.job(), { routeKey: 'POST /v1/visitors', body });

describe('the table of what an operation asks', () => {
  it('counts sign-ins', async () => {
    await costs('a new user signs in', () => signIn('one'));
    await costs('a returning user signs in', () => signIn('one'));
    await costs('a user whose name has changed signs in', () => signIn('one', { name: 'Another', iat: 1_760_000_001 }));
    await rig.webhook(event('created', 'one', 1, { name: 'Another' }));
    await rig.webhook(event('disabled', 'one', 2));
    await rig.settle();
    await costs('a disabled user signs in', async () => expect((await signIn('one')).status).toBe(403));
  });

  it('counts visitors', async () => {
    let token = '';
    await costs('a new visitor', async () => (token = (await visit()).body.visitorToken));
    await costs('a returning visitor', () => visit({ visitorToken: token }));
  });

  it('counts what stores tell', async () => {
    await costs('a webhook about somebody new', () => rig.webhook(event('created', 'two', 1, { name: 'Two' })));
    await costs('a webhook about somebody known', () => rig.webhook(event('updated', 'two', 2, { name: 'Second' })));
    await costs('the same webhook again', () =>
      rig.webhook(event('updated', 'two', 2, { name: 'Second' }), { id: 'event-4' }),
    );
    await costs('a record of a table about somebody known', () =>
      rig.record('MODIFY', { userId: 'two', version: 3, status: 'active', name: 'Third' }),
    );
  });

  it('counts the work of sync', async () => {
    await rig.settle();
    await rig.webhook(event('created', 'three', 1, { name: 'Three' }));
    await costs('sync makes the contact of one link that a stream names', () => wake('three'));
    await rig.webhook(event('updated', 'three', 2, { name: 'Fourth' }));
    await costs('sync updates the contact of one link that a stream names', () => wake('three'));
    await costs('a webhook that deletes somebody', () => rig.webhook(event('deleted', 'three', 3)));
    await costs('sync erases the contact of one link that a stream names', () => wake('three'));
    await rig.settle();
    await costs('a sweep that finds nothing due', () => rig.sync({ sweep: true }));
  });

  it('counts a pass over links under other settings', async () => {
    const pass = (deployment: number, permissions = rig.settings.permissions) => {
      const later = new ChangeRig(real, { sources: sampleSources, deployment, permissions });
      later.finished.clear();
      return later.sync({ sweep: true });
    };
    const { grant } = rig.settings.permissions.rules[0]!;
    await costs('a pass over four links that other settings leave as they are', () => pass(2));
    const hashes = async () => (await rig.links()).map(({ desiredHash }) => desiredHash);
    const before = await hashes();
    await costs('a pass over four links, three of which other settings change', () =>
      pass(3, { ...rig.settings.permissions, none: grant }),
    );
    const after = await hashes();
    expect(before.filter((hash, index) => hash !== after[index])).toHaveLength(3);
  });

  it('counts the rows of an import', async () => {
    const row = { text: JSON.stringify({ userId: 'four', version: 1, name: 'Four' }) };
    const some = { import: 'generic', rows: [row] } as never;
    await costs('a row of an import about somebody new', () => rig.hear(some));
    await costs('the same row again', () => rig.hear(some));
  });
});

/** What the table's stream tells `sync` of a row. */
async function wake(userId: string): Promise<void> {
  const pk = `user#${userId}`;
  const record = { eventSource: 'aws:dynamodb', dynamodb: { Keys: { pk: { S: pk } }, SequenceNumber: '1' } };
  await rig.sync({ Records: [record] });
}

describe('the table of what an operation asks, of a store whose users are read', () => {
  it('counts a hint, and the reading that follows', async () => {
    const store = await startReadStore({ roles: 'realmRoles', groups: 'groups' });
    try {
      const by = meterOf(store.real);
      await store.tell(store.realm.create('seven', { enabled: true, firstName: 'Seven' }));
      await store.sweep();
      store.real.clock.advance(60_000);
      const hint = store.realm.give('seven', 'staff');
      await costs('a webhook that hints at somebody known', () => store.tell(hint), by);
      await costs('the reading of one user', () => store.sweep(), by);
      expect((await store.rig.link('seven'))?.desired.queryMetadata).toMatchObject({
        knowledge_bases: [{ knowledge_base_id: expect.stringMatching(/2$/) }],
      });
      await costs('a sweep that finds nobody to read', () => store.sweep(), by);
    } finally {
      await store.close();
    }
  });
});

describe('the table of what an operation asks, of a stage with a directory', () => {
  it('counts what a directory does, and who signs in meanwhile', async () => {
    const scim = new ScimRig(real);
    const withDirectory = { ...rig.settings, sources: [...sampleSources, scimSource] };
    const withdrawals = withdrawalsOf(withDirectory.sources, real.table.client, 'Links');
    const links = new DynamoLinkTable(real.table.client, 'Links', real.clock, withdrawals);
    const job = real.job({ settings: withDirectory, links });
    let id = '';
    await costs('a directory creates a user', async () => {
      id = (await scim.ask('POST Users', { body: directoryUser('five') })).body.id;
    });
    await costs('a directory reads a user', () => scim.ask(`GET Users/${id}`));
    await costs('a directory changes a user', () =>
      scim.ask(`PATCH Users/${id}`, { body: patchOf({ op: 'replace', path: 'displayName', value: 'Fifth' }) }),
    );
    await costs('a directory deactivates a user', () =>
      scim.ask(`PATCH Users/${id}`, { body: patchOf({ op: 'replace', path: 'active', value: false }) }),
    );
    const enter = () => call(job, { routeKey: 'POST /v1/identity', claims: claims('six'), body: {} });
    await enter();
    await costs('a returning user signs in, with a directory', enter);
  });
});

describe('the table of what a broadcast asks', () => {
  it('counts a batch of fifty', async () => {
    const broadcasts = await BroadcastRig.start();
    try {
      const by = meterOf(broadcasts.real);
      const { broadcastId } = await broadcasts.sentNow(50);
      const calls = () => broadcasts.real.emulator.calls.filter(({ operation }) => operation === 'broadcast').length;
      await costs('a broadcast to fifty, from its plan to its end', () => broadcasts.settle(broadcastId), by);
      expect(calls()).toBe(1);
    } finally {
      await broadcasts.close();
    }
  });
});
