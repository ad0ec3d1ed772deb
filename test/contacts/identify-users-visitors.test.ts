import { describe, expect, it } from 'vitest';
import { Rig, nothing } from '../rigs/identify-rig.ts';

const rig = new Rig({ settings: { visitorsPerHour: 3 } });

describe('PUT /v1/users/{rig.userId}', () => {
  it('creates and updates a contact on the user’s behalf', async () => {
    const created = await rig.put({ version: 1, name: 'From Back End', roles: ['staff'] });
    expect(created.body.outcome).toBe('created');
    expect((await rig.put({ version: 2, name: 'Later' })).body).toMatchObject({
      outcome: 'updated',
      contactId: created.body.contactId,
    });
    expect((await rig.put({ version: 1, name: 'From Back End' })).body.outcome).toBe('unchanged');
    expect(rig.liveContacts).toMatchObject([{ name: 'Later' }]);
  });

  it('refuses a body that is not there, which would empty the user', async () => {
    await rig.put({ version: 1, name: 'Sample' });
    rig.forgetCalls();
    expect(await rig.put(undefined)).toMatchObject({ status: 400, body: { code: 'body_invalid' } });
    expect(rig.done).toEqual(nothing);
  });

  it('outweighs the user’s token', async () => {
    await rig.put({ version: 1, name: 'From Back End', roles: [] });
    expect((await rig.signIn({ name: 'From Token', roles: ['staff'] })).body.outcome).toBe('unchanged');
    expect(rig.liveContacts).toMatchObject([{ name: 'From Back End' }]);
  });

  it('disables a user at once, withdraws the permissions, and enables the same contact again', async () => {
    const { contactId } = (await rig.put({ version: 1, roles: ['staff'] })).body;
    expect(await rig.put({ version: 2, roles: ['staff'], status: 'disabled' })).toMatchObject({
      status: 200,
      body: { outcome: 'disabled' },
    });
    expect(rig.liveContacts[0]?.queryMetadata).toMatchObject({
      knowledge_bases: [{ knowledge_base_id: expect.stringMatching(/00$/) }],
    });
    rig.forgetCalls();
    // What the token tells is kept for the day on which the user is enabled again, and kept once.
    for (const writes of [1, 0]) {
      expect(await rig.signIn()).toMatchObject({ status: 403, body: { code: 'user_disabled' } });
      expect(rig.done).toEqual({ reads: 1, writes, calls: [] });
      rig.forgetCalls();
    }
    expect((await rig.put({ version: 3, roles: ['staff'], status: 'active' })).body.contactId).toBe(contactId);
  });

  it('refuses the id from the moment of the disable, while MaiAgent is down', async () => {
    await rig.put({ version: 1, roles: ['staff'] });
    await rig.real.emulator.goDown('refuse');
    expect((await rig.put({ version: 2, status: 'disabled' })).body).toEqual({ outcome: 'disabled' });
    expect((await rig.signIn()).status).toBe(403);
    await rig.real.emulator.goUp();
    expect((await rig.signIn()).status).toBe(403);
    expect(rig.liveContacts[0]?.queryMetadata).toMatchObject({
      knowledge_bases: [{ knowledge_base_id: expect.stringMatching(/00$/) }],
    });
  });

  it.each([
    { body: { version: 1.5 }, path: 'version' },
    { body: { version: 'yesterday' }, path: 'version' },
    { body: { version: {} }, path: 'version' },
    { body: { roles: { staff: true } }, path: 'roles' },
    { body: { groups: [{}], status: 'active' }, path: 'groups' },
    { body: { attributes: ['JP'] }, path: 'attributes' },
    { body: { unknown: 1 }, path: '' },
    { body: [], path: '' },
  ])('refuses $body without a write or a call', async ({ body, path }) => {
    const answer = await rig.put(body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'body_invalid', errors: [{ path }] } });
    expect(rig.done).toEqual(nothing);
  });

  it.each([
    ['name', { first: 'Sample' }],
    ['email', 'sample-member'],
    ['phoneNumber', ['1', '2']],
    ['avatar', 'http://169.254.169.254/'],
    ['groups', [{}]],
    ['attributes', ['JP']],
  ])('disables whatever %s it is given, and says that it cannot be used', async (field, value) => {
    await rig.put({ version: 1, roles: ['staff'] });
    const answer = await rig.put({ version: 2, roles: ['staff'], [field]: value, status: 'disabled' });
    const unusable = [{ path: field, problem: expect.any(String) }];
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'disabled', unusable } });
    expect(await rig.signIn()).toMatchObject({ status: 403, body: { code: 'user_disabled' } });
  });

  it('says how a user stands whom it does not enable, and enables nobody without saying so', async () => {
    await rig.put({ version: 2, name: 'Before', status: 'disabled' });
    const disabled = { status: 200, body: { outcome: 'disabled' } };
    expect(await rig.put({ version: 3, name: 'After' })).toMatchObject(disabled);
    expect((await rig.row())?.desired.name).toBe('After');
    rig.forgetCalls();
    expect(await rig.put({ version: 1, name: 'Long ago', status: 'active' })).toMatchObject(disabled);
    expect(rig.done.writes).toBe(0);
    expect((await rig.put({ version: 4, status: 'active' })).body.contactId).toBeDefined();
  });

  it('takes null for absent in every member', async () => {
    const names = [
      'version',
      'name',
      'email',
      'phoneNumber',
      'avatar',
      'roles',
      'groups',
      'attributes',
      'status',
      'create',
    ];
    const absent = Object.fromEntries(names.map((name) => [name, null]));
    expect((await rig.put(absent)).body).not.toHaveProperty('unusable');
    expect((await rig.signIn({}, { visitorToken: null })).status).toBe(200);
  });

  it('refuses a version in the future', async () => {
    expect(await rig.put({ version: '2999-01-01T00:00:00Z' })).toMatchObject({
      status: 400,
      body: { code: 'version_in_future' },
    });
  });

  it.each(['', 'a'.repeat(257), 'line\nbreak'])('refuses the user id %j', async (id) => {
    rig.userId = id;
    expect(await rig.put({})).toMatchObject({ status: 400, body: { code: 'user_id_invalid' } });
  });
});

describe('POST /v1/visitors', () => {
  it('knows a visitor again by the token, and ends the visitor when the person signs in', async () => {
    const first = await rig.visit();
    expect(first).toMatchObject({ status: 200, body: { outcome: 'created', visitorToken: expect.any(String) } });
    const { visitorToken, contactId } = first.body;
    rig.forgetCalls();
    expect((await rig.visit({ visitorToken })).body).toMatchObject({ outcome: 'unchanged', contactId });
    expect(rig.done).toEqual({ reads: 1, writes: 0, calls: [] });
    const member = await rig.signIn({}, { visitorToken });
    expect(member.body.contactId).not.toBe(contactId);
    expect(await rig.visit({ visitorToken })).toMatchObject({ status: 403, body: { code: 'visitor_promoted' } });
    expect((await rig.real.table.rows()).find((one) => one.contactId === contactId)).toMatchObject({
      promotedTo: rig.userId,
    });
  });

  it('refuses a forged token without a write or a call', async () => {
    for (const visitorToken of ['x', 'a.b.c', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`]) {
      expect(await rig.visit({ visitorToken })).toMatchObject({ status: 401, body: { code: 'visitor_token_invalid' } });
    }
    expect(rig.done).toEqual(nothing);
  });

  it('keeps a visitor the same one while it is not known whether the contact is there', async () => {
    rig.real.emulator.faults.add({ on: 'create', kind: 'reset-before' });
    const first = await rig.visit();
    expect(first).toMatchObject({ status: 202, body: { outcome: 'pending', visitorToken: expect.any(String) } });
    rig.real.clock.advance(90_001);
    expect((await rig.visit({ visitorToken: first.body.visitorToken })).body.outcome).toBe('created');
  });

  it('keeps a visitor the same one while MaiAgent is down', async () => {
    await rig.real.emulator.goDown('refuse');
    const down = await rig.visit();
    await rig.real.emulator.goUp();
    expect(down).toMatchObject({ status: 503, body: { visitorToken: expect.any(String) } });
    const up = await rig.visit({ visitorToken: down.body.visitorToken });
    expect(up.body.outcome).toBe('created');
    expect((await rig.real.table.rows()).filter((one) => one.contactId === up.body.contactId)).toHaveLength(1);
  });

  it('creates no more visitors in an hour than the budget allows, whoever asks', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => rig.visit()));
    expect(answers.filter((answer) => answer.status === 200).length).toBeLessThanOrEqual(3);
    const refused = answers.find((answer) => answer.status === 429);
    expect(refused?.body.code).toBe('visitor_budget_spent');
    expect(Number(refused?.headers['retry-after'])).toBeLessThanOrEqual(3600);
  });
});
