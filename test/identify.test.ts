import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { call, type SampleAnswer } from './rigs/gateway-event.ts';
import { Rig, nothing } from './rigs/identify-rig.ts';
import { inboxId } from './rigs/real-parts.ts';
import { sampleSettings } from './rigs/sample-settings.ts';

const rig = new Rig();

/** Signs in as a page does: again, as long as it is asked to come again. */
async function signedIn(): Promise<SampleAnswer> {
  for (;;) {
    const answer = await rig.signIn();
    if (answer.status !== 202 && answer.status !== 503) return answer;
    await setTimeout(100);
  }
}

describe('POST /v1/identity', () => {
  it('creates the contact of a new user with one read, two writes and two calls', async () => {
    const answer = await rig.signIn({ roles: ['staff'], email: 'person@corp.example' });
    expect(answer).toMatchObject({
      status: 200,
      body: { outcome: 'created', webChat: { webChatId: 'sample-web-chat' } },
    });
    expect(rig.done).toEqual({
      reads: 1,
      writes: 2,
      calls: ['list', 'create'],
    });
    expect(rig.liveContacts).toMatchObject([
      { id: answer.body.contactId, name: 'Sample Person', email: 'person@corp.example' },
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it.each([
    ['hides whose contact it is', { shows: 'own' } as const, 2, ['list', 'create', 'retrieve']],
    ['shows another contact', {}, 3, ['list', 'create', 'retrieve', 'list', 'patch']],
  ])('needs one read, and some calls more where the reply %s', async (_, rule, writes, calls) => {
    rig.real.emulator.store.addContact({ sourceId: `${rig.userId}-other` });
    rig.real.emulator.faults.add({ on: 'create', kind: 'false-reply', ...rule });
    expect((await rig.signIn()).status).toBe(200);
    expect(rig.done).toEqual({ reads: 1, writes, calls });
  });

  it('answers an unchanged user with exactly one read', async () => {
    const first = await rig.signIn();
    rig.forgetCalls();
    const second = await rig.signIn({ iat: 1_770_000_000 });
    expect(second).toMatchObject({ status: 200, body: { outcome: 'unchanged', contactId: first.body.contactId } });
    expect(rig.done).toEqual({ reads: 1, writes: 0, calls: [] });
  });

  it('updates the contact of a changed user with one read, two writes and one call', async () => {
    await rig.signIn();
    rig.forgetCalls();
    const answer = await rig.signIn({ name: 'Another Name', iat: 1_770_000_000 });
    expect(answer.body.outcome).toBe('updated');
    expect(rig.done).toEqual({
      reads: 1,
      writes: 2,
      calls: ['patch'],
    });
    expect(rig.liveContacts).toMatchObject([{ name: 'Another Name' }]);
  });

  it('clears a field that the user no longer has', async () => {
    await rig.signIn({ email: 'person@corp.example', picture: 'https://corp.example/p.png', department: 'Sales' });
    await rig.signIn({ iat: 1_770_000_000 });
    expect(rig.liveContacts).toMatchObject([{ email: '', avatar: '', metadata: [] }]);
  });

  it('gives each user another contact, however alike their ids are', async () => {
    const ids = new Set<string>();
    for (const id of [rig.userId, `${rig.userId}0`, `${rig.userId}~2`, ` ${rig.userId}`, rig.userId.toUpperCase()]) {
      rig.userId = id;
      ids.add((await rig.signIn()).body.contactId);
    }
    expect(ids.size).toBe(5);
  });

  it('adopts a contact that was there before the table, and gives it its permissions before it is handed out', async () => {
    const { id } = rig.real.emulator.store.addContact({ sourceId: rig.userId, name: 'Old', inboxes: [inboxId] });
    const answer = await rig.signIn({ roles: ['staff'] });
    expect(answer.body).toMatchObject({ contactId: id, outcome: 'updated' });
    expect(rig.done).toEqual({ reads: 1, writes: 3, calls: ['list', 'patch'] });
  });

  it('does not adopt a contact of another inbox or with a longer sourceId', async () => {
    rig.real.emulator.store.addContact({ sourceId: `${rig.userId}-x`, name: rig.userId, inboxes: [inboxId] });
    expect((await rig.signIn()).body.outcome).toBe('created');
  });

  it('takes the oldest where MaiAgent has several, and reports the others', async () => {
    const old = rig.real.emulator.store.addContact({
      sourceId: rig.userId,
      name: 'A',
      inboxes: [inboxId],
      createdAt: 1_000_000_000_000,
    });
    rig.real.emulator.store.addContact({ sourceId: rig.userId, name: 'B', inboxes: [inboxId] });
    expect((await rig.signIn()).body.contactId).toBe(old.id);
    expect(rig.real.lines.some((line) => line.includes('ExtraContacts'))).toBe(true);
  });

  it('keeps one contact when many callers come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => signedIn()));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.contactId}`))).toEqual(
      new Set([`200 ${rig.liveContacts[0]?.id}`]),
    );
    expect(rig.liveContacts).toHaveLength(1);
    expect(rig.done.calls.filter((one) => one === 'create')).toHaveLength(1);
  });

  it('ends with one state when callers with different names come at once', async () => {
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => rig.signIn({ name: `Name ${index}`, iat: 1_760_000_000 + index })),
    );
    await rig.signIn({ name: 'Name 7', iat: 1_760_000_007 });
    expect(rig.liveContacts).toMatchObject([{ name: 'Name 7' }]);
    expect(await rig.row()).toMatchObject({ confirmedHash: (await rig.row())?.desiredHash });
  });

  it('refuses a token without the user claim, and one whose payload is not the verified one', async () => {
    expect(await rig.signIn({ sub: '' })).toMatchObject({ status: 403, body: { code: 'token_without_user' } });
    const forged = await call(rig.real.job(), {
      routeKey: 'POST /v1/identity',
      claims: { sub: 'somebody' },
      headers: {
        authorization: `Bearer x.${Buffer.from(JSON.stringify({ sub: rig.userId })).toString('base64url')}.x`,
      },
      body: {},
    });
    expect(forged).toMatchObject({ status: 403, body: { code: 'token_without_user' } });
    expect(rig.done).toEqual(nothing);
  });
});

describe('permissions', () => {
  it('hands out no id until MaiAgent has confirmed that a role was taken away', async () => {
    const { contactId } = (await rig.signIn({ roles: ['staff'] })).body;
    await rig.real.emulator.goDown('refuse');
    const refused = await rig.signIn({ roles: [], iat: 1_770_000_000 });
    expect(refused).toMatchObject({ status: 503, body: { code: 'maiagent_unreachable' } });
    expect(refused.headers['retry-after']).toBeDefined();
    expect(JSON.stringify(refused.body)).not.toContain(contactId);
    await rig.real.emulator.goUp();
    expect((await rig.signIn({ roles: [], iat: 1_770_000_000 })).body).toMatchObject({ contactId, outcome: 'updated' });
  });

  it('hands out the id while only a new name is owed, and sends the name later', async () => {
    const { contactId } = (await rig.signIn()).body;
    await rig.real.emulator.goDown('refuse');
    expect(await rig.signIn({ name: 'New', iat: 1_770_000_000 })).toMatchObject({
      status: 200,
      body: { contactId, outcome: 'unchanged' },
    });
    await rig.real.emulator.goUp();
    expect((await rig.signIn({ name: 'New', iat: 1_770_000_000 })).body.outcome).toBe('updated');
    expect(rig.liveContacts).toMatchObject([{ name: 'New' }]);
  });

  it('does not call a change back clean while the change itself may still arrive', async () => {
    const { contactId } = (await rig.signIn({ roles: ['staff'] })).body;
    rig.real.emulator.faults.add({ on: 'patch', kind: 'timeout-after-commit', times: 2 });
    const impatient = rig.real.job({ settings: { ...sampleSettings, sendBudgetMs: 1_200 } });
    expect((await rig.signIn({ roles: ['partner'], iat: 1_770_000_000 }, {}, impatient)).status).toBe(503);
    // Back to staff: wanted is what was confirmed before, but MaiAgent has the partner's permissions by now.
    expect((await rig.signIn({ roles: ['staff'], iat: 1_770_000_001 }, {}, impatient)).status).toBe(503);
    rig.real.emulator.faults.clear();
    rig.real.clock.advance(90_001);
    expect((await rig.signIn({ roles: ['staff'], iat: 1_770_000_001 })).body).toMatchObject({
      contactId,
      outcome: 'updated',
    });
    expect(rig.liveContacts[0]?.queryMetadata).toMatchObject({
      knowledge_bases: [{ knowledge_base_id: expect.stringMatching(/11$/) }],
    });
  });
});
