import { describe, expect, it } from 'vitest';
import { policyOf } from '../../functions/env.ts';
import { DynamoLinkTable, type Bound } from '../../functions/io/aws/link-table.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { draft, type Link } from '../../functions/rules/contacts/link.ts';
import { keyOf } from '../io/maiagent/api-rig.ts';
import { ChangeRig, event } from '../rigs/change-rig.ts';
import { Rig } from '../rigs/identify-rig.ts';
import { inboxId } from '../rigs/real-parts.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';

const rig = new Rig({ isStanding: true });
const live = httpSender();
const conflicts = () => rig.real.lines.filter((line) => line.includes('"ContactConflicts":1')).length;
const store = () => rig.real.emulator.store;

/** Another user's contact, which that user was given. */
async function neighbour() {
  const { userId } = rig;
  rig.userId = `${userId}-neighbour`;
  const { body } = await rig.signIn();
  rig.userId = userId;
  const contact = store().row(body.contactId ?? '');
  if (!contact) throw new Error('the neighbour has no contact');
  return contact;
}

describe('the reply to a create that shows another user’s contact', () => {
  it.each(['null', 'absent', 'theirs', 'ours'] as const)(
    'binds nothing, though the contact was created, and the search finds it (sourceId %s)',
    async (sourceId) => {
      const other = await neighbour();
      rig.real.emulator.faults.add({ on: 'create', kind: 'false-reply', sourceId });
      const { status, body } = await rig.signIn();
      expect(status).toBe(200);
      expect(body.contactId).not.toBe(other.id);
      expect(rig.liveContacts.map(({ id }) => id)).toEqual([body.contactId]);
    },
  );

  it('keeps the lease and hands out nothing where no contact was created, and the next attempt creates it', async () => {
    const other = await neighbour();
    const before = conflicts();
    rig.real.emulator.faults.add({ on: 'create', kind: 'false-reply', sourceId: 'ours', effect: false });
    expect(await rig.signIn()).toMatchObject({ status: 202, body: { outcome: 'pending' } });
    expect(conflicts()).toBe(before + 1);
    const row = await rig.row();
    expect(row).toMatchObject({ leaseOwner: expect.any(String), openRequests: 1 });
    expect(row).not.toHaveProperty('contactId');
    rig.real.clock.advance(90_001);
    const { body } = await rig.signIn();
    expect(body.outcome).toBe('created');
    expect(body.contactId).not.toBe(other.id);
  });

  it('never lets that contact be removed, though another one was bound first', async () => {
    const other = await neighbour();
    const { clock, emulator, table } = rig.real;
    const links = new DynamoLinkTable(table.client, 'Links', clock);
    emulator.faults.add({ on: 'create', kind: 'false-reply', sourceId: 'ours', effect: false });
    const send: HttpSend = async (request) => {
      const reply = await live(request);
      const row = request.method === 'POST' ? await rig.row() : undefined;
      if (row) await links.bind(row, store().addContact({ sourceId: rig.userId, inboxes: [inboxId] }).id);
      return reply;
    };
    const maiAgent = { origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
    const contacts = new HttpContactApi(maiAgent, keyOf('sampleKey'), send, clock);
    expect(await rig.signIn({}, {}, rig.real.job({ contacts }))).toMatchObject({ status: 200 });
    expect(other.deletedAt).toBeNull();
  });
});

describe('an extra contact of one’s own, that another link is bound to in the moment before it is removed', () => {
  it('is left alone', async () => {
    const { clock, emulator, table } = rig.real;
    const other = draft(
      { kind: 'user', userId: `${rig.userId}-other` },
      undefined,
      undefined,
      policyOf(sampleSettings),
    );
    let extra = '';
    /** The second create of the same person came first, and a third person is told of the extra one. */
    class Crowded extends DynamoLinkTable {
      override async bind(link: Link, contactId: string): Promise<Bound> {
        await super.bind(link, store().addContact({ sourceId: rig.userId, inboxes: [inboxId] }).id);
        const bound = await super.bind(link, contactId);
        const wrote = await this.writeDesired(`user#${rig.userId}-other`, undefined, other, 'mark');
        if ('written' in wrote) await super.bind(wrote.written, contactId);
        extra = contactId;
        return bound;
      }
      override async bindCreated(): Promise<'superseded'> {
        return 'superseded';
      }
    }
    const links = new Crowded(table.client, 'Links', clock);
    const code = 'permissions_unconfirmed';
    expect(await rig.signIn({}, {}, rig.real.job({ links }))).toMatchObject({ status: 503, body: { code } });
    expect(emulator.store.row(extra)?.deletedAt).toBeNull();
    expect((await rig.row())?.openRequests).toBe(1);
  });
});

describe('a contact that was given this user’s sourceId by hand, while another link holds it', () => {
  /** Somebody in MaiAgent's console has changed whose it is. */
  async function stolen() {
    const other = await neighbour();
    store().change(other, { sourceId: rig.userId });
    return other;
  }

  it('is not adopted: the answer is 502 and an alarm, until somebody has put it right', async () => {
    const other = await stolen();
    const before = conflicts();
    expect(await rig.signIn()).toMatchObject({ status: 502, body: { code: 'contact_conflict' } });
    expect(conflicts()).toBe(before + 1);
    expect(await rig.row()).toMatchObject({ lastError: 'contact_conflict' });
    store().change(other, { sourceId: `${rig.userId}-neighbour` });
    expect(await rig.signIn()).toMatchObject({ status: 200, body: { outcome: 'created' } });
  });

  it('is passed over for the next oldest that nobody holds', async () => {
    await stolen();
    const own = store().addContact({ sourceId: rig.userId, inboxes: [inboxId], createdAt: Date.now() + 1_000 });
    expect(await rig.signIn()).toMatchObject({ status: 200, body: { contactId: own.id } });
  });

  it('is neither erased nor emptied when this user is deleted or disabled', async () => {
    const other = await stolen();
    const name = other.name;
    const changes = new ChangeRig(rig.real, { sendBudgetMs: 4_000 });
    await changes.webhook(event('created', rig.userId, 1, { name: 'Sample' }));
    await changes.webhook(event('disabled', rig.userId, 2));
    await changes.settle();
    await changes.webhook(event('deleted', rig.userId, 3));
    await changes.settle();
    expect([other.name, other.deletedAt]).toEqual([name, null]);
  });
});

describe('the reply to an update that shows another user’s contact', () => {
  it('confirms nothing: permissions stay unconfirmed, and no id is handed out', async () => {
    await rig.put({ version: 1 });
    await neighbour();
    rig.real.emulator.faults.add({ on: 'patch', kind: 'false-reply', effect: false, times: 2 });
    const answer = await rig.put({ version: 2, roles: ['staff'] });
    expect(answer.status).toBe(503);
    expect(answer.body).not.toHaveProperty('contactId');
    rig.real.clock.advance(90_001);
    expect(await rig.put({ version: 2, roles: ['staff'] })).toMatchObject({ status: 200 });
  });
});
