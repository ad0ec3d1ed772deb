import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';

let rig: BroadcastRig;
let contactIds: string[] = [];
beforeAll(async () => {
  rig = await BroadcastRig.start();
  await rig.people(3, 'member', { roles: ['staff'] });
  contactIds = rig.real.emulator.store.liveContacts.map(({ id }) => id);
});
afterAll(() => rig.close());

const later = { kind: 'at', at: '2030-01-01T09:00:00', timeZone: 'Asia/Taipei' };
const writer = { sub: 'writer', scope: 'broadcasts.read broadcasts.write' };
const ask = (routeKey: string, claims: object, body: object, parameters: Record<string, string> = {}) =>
  rig.ask(routeKey, { claims: { ...claims }, body: { message: 'A sample message', ...body }, parameters });
const preview = (audience: object, claims: object = writer) => ask('POST /v1/broadcasts/preview', claims, { audience });
const create = (body: object, claims: object = writer) => ask('POST /v1/broadcasts', claims, body);

describe('whoever may write and read broadcasts, and no contacts,', () => {
  it.each([
    ['one person', { kind: 'users', userIds: ['member-0'] }],
    ['one contact', { kind: 'contacts', contactIds: ['7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1c01'] }],
    ['everybody with a role', { kind: 'all', where: { roles: ['staff'] } }],
    ['everybody but one', { kind: 'all', except: { userIds: ['member-0'] } }],
    ['a person with an attribute', { kind: 'users', userIds: ['member-0'], where: { attributes: { office: 'head' } } }],
  ])('learns nothing from a preview of %s', async (_, audience) => {
    const calls = rig.real.emulator.calls.length;
    expect(await preview(audience)).toMatchObject({ status: 403, body: { code: 'scope_missing' } });
    expect(rig.real.emulator.calls).toHaveLength(calls);
    for (const scp of ['[broadcasts.write contacts.read]', 'contacts.read'])
      expect((await preview(audience, { sub: 'writer', scp })).status).toBe(200);
    for (const scope of ['contacts.readers', 'xcontacts.read', 'contacts.write'])
      expect((await preview(audience, { sub: 'writer', scope })).status).toBe(403);
  });

  it('may preview what goes to everybody', async () => {
    expect((await preview({ kind: 'all' })).body).toMatchObject({ recipients: 3 });
  });

  it('cannot tell somebody who is there from somebody who is not by creating what is never sent', async () => {
    const [there, nobody] = await Promise.all(
      ['member-0', 'nobody'].map((userId) =>
        create({ audience: { kind: 'users', userIds: [userId] }, schedule: later }),
      ),
    );
    expect([there?.status, nobody?.status]).toEqual([201, 201]);
    const ownParts = { broadcastId: '', createdAt: '', audience: {} };
    const both = [there, nobody].map((answer) => ({ ...answer?.body, ...ownParts }));
    expect(both[0]).toEqual(both[1]);
  });

  it.each([
    ['who is there', { kind: 'users', userIds: ['member-0'] }],
    ['who is not', { kind: 'users', userIds: ['nobody'] }],
    ['who has the role', { kind: 'users', userIds: ['member-0'], where: { roles: ['staff'] } }],
    ['who has it not', { kind: 'users', userIds: ['member-0'], where: { roles: ['manager'] } }],
  ])('learns nothing of somebody %s by the hash of nobody', async (_, audience) => {
    const body = { audience, schedule: later, audienceHash: '0'.repeat(64) };
    expect(await create(body)).toMatchObject({ status: 403, body: { code: 'scope_missing' } });
  });

  it.each([
    ['a cancelled broadcast', { kind: 'users', userIds: ['member-0', 'nobody'], where: { roles: ['staff'] } }, true],
    ['one that is not sent yet', { kind: 'all', where: { roles: ['staff'] } }, false],
  ])('learns nobody from %s', async (_, audience, cancels) => {
    const confirm = audience.kind === 'all' ? { confirm: 'all' } : {};
    const parameters = { broadcastId: String((await create({ audience, ...confirm })).body.broadcastId) };
    await rig.real.emulator.goDown('refuse');
    await rig.wake({ sweep: true });
    if (cancels) await rig.cancel(parameters.broadcastId);
    await rig.wake({ sweep: true });
    await rig.real.emulator.goUp();
    const seenBy = async (scope: string) =>
      JSON.stringify(
        (await rig.ask('GET /v1/broadcasts/{broadcastId}/recipients', { claims: { sub: 'reader', scope }, parameters }))
          .body,
      );
    expect(await seenBy('broadcasts.read')).not.toContain('member-0');
    expect(await seenBy('broadcasts.read contacts.read')).toContain('member-0');
    await rig.settle(parameters.broadcastId);
    if (!cancels) expect(await seenBy('broadcasts.read')).toContain('member-0');
  });

  it('is shown no contact id, neither of the audience nor of the exceptions nor in the ledger', async () => {
    const audience = { kind: 'contacts', contactIds, except: { contactIds: [contactIds[0]], userIds: ['member-1'] } };
    const all = { sub: 'writer', scope: 'broadcasts.write contacts.read' };
    const made = await create({ audience }, all);
    expect(made.body.audience).toEqual(audience);
    await rig.settle(made.body.broadcastId);
    await rig.settle(made.body.broadcastId);
    const parameters = { broadcastId: made.body.broadcastId };
    for (const [claims, isShown] of [
      [{ sub: 'reader', scope: 'broadcasts.read' }, false],
      [{ sub: 'reader', scope: 'broadcasts.read contacts.read' }, true],
    ] as const) {
      const shown = await Promise.all(
        ['GET /v1/broadcasts/{broadcastId}', 'GET /v1/broadcasts/{broadcastId}/recipients', 'GET /v1/broadcasts'].map(
          (routeKey) => rig.ask(routeKey, { claims: { ...claims }, parameters }),
        ),
      );
      expect(shown.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(contactIds.some((id) => JSON.stringify(shown).includes(id))).toBe(isShown);
    }
  });
});
