import { expect, it } from 'vitest';
import { contactFor } from '../../functions/contacts/contact-for.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import type { Change } from '../../functions/rules/contacts/reports.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { QuickSync } from '../rigs/quick-sync.ts';
import { emptyUser } from '../rules/contacts/sample-changes.ts';

const member = { kind: 'user', userId: 'member' } as const;
const told = (at: number, status: 'active' | 'disabled'): Change => ({
  source: 'api',
  kind: 'update',
  version: timeVersion(at),
  told: emptyUser,
  status,
});

/** A user who is disabled before there is a contact. */
async function disabled() {
  const bridge = await new QuickBridge().start();
  const sync = new QuickSync(bridge, {});
  await sync.take(member, told(1, 'disabled'));
  return { bridge, sync };
}

it('believes nothing of a contact that somebody makes by hand after it was found that there is none', async () => {
  const { bridge, sync } = await disabled();
  await sync.process().sweep();
  // Nothing is owed: the row has left the list.
  expect(bridge.links[0]).toMatchObject({ confirmedHash: bridge.links[0]?.desiredHash });
  expect(bridge.links[0]).not.toHaveProperty('dueAt');
  const queryMetadata = { knowledge_bases: [{ knowledge_base_id: 'everything' }] };
  const contact = bridge.maiAgent.store.addContact({ sourceId: member.userId, queryMetadata });
  const lost: HttpSend = (request) =>
    request.method === 'PATCH' ? Promise.resolve({ kind: 'reply-lost' }) : bridge.maiAgent.send(request);
  const back = contactFor(member, () => told(2, 'active'), bridge.settings, bridge.deps(lost));
  await expect(back).rejects.toMatchObject({ code: 'maiagent_unclear' });
  bridge.clock.advance(bridge.settings.leaseMs + 1);
  await sync.process().sweep();
  expect(contact.queryMetadata).toEqual(bridge.links[0]?.desired.queryMetadata);
});

it('makes the contact of a user who is enabled while it is found that there is none', async () => {
  const { bridge, sync } = await disabled();
  let isEnabled = false;
  const send: HttpSend = async (request) => {
    if (!isEnabled) await sync.take(member, told(2, 'active'));
    isEnabled = true;
    return bridge.maiAgent.send(request);
  };
  await sync.process({ client: bridge.database.client, send }).sweep();
  await sync.process().sweep();
  expect(bridge.maiAgent.store.contacts).toMatchObject([{ id: bridge.links[0]?.contactId, sourceId: member.userId }]);
});

it('confirms nothing of a contact that a sign-in binds while it is found that there is none', async () => {
  const { bridge, sync } = await disabled();
  const queryMetadata = { knowledge_bases: [{ knowledge_base_id: 'everything' }] };
  const { store } = bridge.maiAgent;
  const send: HttpSend = async (request) => {
    const reply = await bridge.maiAgent.send(request);
    if (store.contacts.length > 0) return reply;
    // The sign-in waits no longer for the lease, and finds what somebody has made by hand meanwhile.
    bridge.clock.advance(3_500);
    store.addContact({ sourceId: member.userId, queryMetadata });
    const back = contactFor(member, () => told(2, 'active'), bridge.settings, bridge.deps());
    await expect(back).rejects.toMatchObject({ code: 'permissions_unconfirmed' });
    return reply;
  };
  await sync.process({ client: bridge.database.client, send }).sweep();
  await sync.process().sweep();
  expect(store.contacts).toMatchObject([
    { id: bridge.links[0]?.contactId, queryMetadata: bridge.links[0]?.desired.queryMetadata },
  ]);
});
