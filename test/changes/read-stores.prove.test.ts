import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { httpSender } from '../../functions/io/https.ts';
import { mortal } from '../rigs/mortal.ts';
import type { StoreFault } from '../stores/store-server.ts';
import { startVendorStore, vendors, type VendorName, type VendorStore } from '../rigs/vendor-store-rig.ts';

describe.each(Object.keys(vendors) as VendorName[])('a user of %s that is read', (name) => {
  let store: VendorStore;
  let userId = '';
  let users = 0;
  beforeAll(async () => {
    store = await startVendorStore(name);
  });
  afterAll(() => store.close());
  beforeEach(() => {
    userId = idOf((users += 1));
    store.server.recover();
    store.real.clock.advance(1_000_000);
    store.real.lines.length = 0;
  });

  const idOf = (number: number) => `a${String(number).padStart(7, '0')}-0000-4000-8000-000000000000`;
  type Kind = Parameters<VendorStore['people']['happen']>[0];
  function happen(kind: Kind, about = '', id = userId) {
    store.real.clock.advance(2_000);
    return store.vendor.event(store.people.happen(kind, id, about));
  }
  const tell = (kind: Kind, about = '', id = userId) => store.tell(happen(kind, about, id));
  const isDue = async (id = userId) =>
    (await store.real.table.rows()).some((row) => row.pk === `read#staff#${id}` && row.dueShard !== undefined);

  /** The one knowledge base that the contact is to query, by its last digit. */
  async function base(id = userId): Promise<string | undefined> {
    const bases = (await store.rig.link(id))?.desired.queryMetadata['knowledge_bases'];
    return (bases as { knowledge_base_id: string }[] | undefined)?.[0]?.knowledge_base_id.slice(-1);
  }

  async function staffMember(): Promise<void> {
    await tell('create', 'Sample');
    await tell('join', 'staff');
    await store.sweep();
    expect(await base()).toBe('2');
  }

  it('loses a right from the commit of the event on, and has what is left after the reading', async () => {
    await staffMember();
    await tell('join', 'contractors');
    expect(await base()).toBe('0');
    await store.sweep();
    expect(await base()).toBe('1');
    await tell('leave', 'contractors');
    await tell('leave', 'staff');
    await store.sweep();
    expect(await base()).toBe('0');
    expect(await store.rig.link(userId)).toMatchObject({ accountStatus: 'active', desired: { name: 'Sample' } });
  });

  it.each<[string, StoreFault, keyof VendorStore['vendor']['paths']]>([
    ['a token that ended', { kind: 'status', status: 401 }, 'user'],
    ['a refusal', { kind: 'status', status: 403 }, 'list'],
    ['a pause', { kind: 'status', status: 429, retryAfterS: 30 }, 'user'],
    ['an error', { kind: 'status', status: 500 }, 'list'],
    ['a page of a proxy', { kind: 'html' }, 'user'],
    ['another user', { kind: 'another-user' }, 'user'],
    ['a page that comes twice', { kind: 'page-twice' }, 'second'],
    ['a connection that breaks', { kind: 'reset' }, 'list'],
    ['an answer that nothing is there', { kind: 'elsewhere' }, 'user'],
  ])('is read again after %s, and nothing false is taken from that', async (_, fault, at) => {
    await staffMember();
    const groups = fault.kind === 'page-twice' ? 130 : 0;
    for (let count = 0; count < groups; count += 1) happen('join', `group-${count}`);
    store.server.failNext(fault, store.vendor.paths[at]);
    await tell('join', 'contractors');
    await store.sweep();
    expect(await store.rig.link(userId)).toMatchObject({ accountStatus: 'active', desired: { name: 'Sample' } });
    // A token or a key ends at any time, and is had again at once; the role of a function is not.
    // At Cognito a name may be somebody else's id: who is meant is then looked for by that id.
    const isMended =
      name === 'Cognito' ? fault.kind === 'another-user' : fault.kind === 'status' && fault.status === 401;
    expect(await base()).toBe(isMended ? '1' : '0');
    store.server.recover();
    store.real.clock.advance(301_000);
    await store.sweep();
    expect(await isDue()).toBe(false);
    expect(await base()).toBe('1');
  });

  it.runIf(name === 'Cognito')('is heard of in the end wherever a worker dies that takes a message', async () => {
    await staffMember();
    let boundary = 0;
    for (let ended = 'killed'; ended === 'killed'; boundary += 1) {
      const body = JSON.stringify(happen(boundary % 2 === 0 ? 'disable' : 'enable'));
      const records = [{ messageId: `killed-${boundary}`, eventSource: 'aws:sqs', body } as SQSRecord];
      let crossed = 0;
      const ways = { client: store.real.table.client, send: httpSender() };
      const life = mortal(ways, () => (crossed += 1) > boundary);
      ended = await life.run(store.rig.hear({ Records: records }, {}, life));
      // Nobody has acknowledged it, so it comes again.
      expect(await store.rig.hear({ Records: records })).toEqual({ batchItemFailures: [] });
      await store.sweep();
      const accountStatus = boundary % 2 === 0 ? 'disabled' : 'active';
      expect(await store.rig.link(userId)).toMatchObject({ accountStatus });
    }
    expect(boundary).toBeGreaterThan(2);
  });

  it('is disabled where the store has no such user, and never deleted', async () => {
    await staffMember();
    store.people.all.delete(userId);
    expect(await store.rig.hear({ refresh: userId })).toEqual({ staff: 'missing' });
    expect(await store.rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
  });
});
