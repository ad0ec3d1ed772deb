import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { policyOf } from '../../functions/env.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { draft } from '../../functions/rules/contacts/link.ts';
import type { FaultKind } from '../../local/emulator/state/faults.ts';
import { Rig } from '../rigs/identify-rig.ts';
import { keyOf } from '../io/maiagent/api-rig.ts';
import { inboxId } from '../rigs/real-parts.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';

const rig = new Rig({ isStanding: true, settings: { sendBudgetMs: 1_200 } });

/** What a fault on the call answers at first; afterwards, when the lease is over, the same user is served. */
const faults: { kind: FaultKind; create: number; update: number }[] = [
  { kind: 'reset-after-commit', create: 200, update: 200 },
  { kind: 'reset-before', create: 202, update: 200 },
  { kind: 'timeout-after-commit', create: 202, update: 503 },
  { kind: 'timeout-before', create: 202, update: 503 },
  { kind: '429-retry-after', create: 503, update: 503 },
  { kind: '429', create: 503, update: 503 },
  { kind: '500', create: 202, update: 200 },
  { kind: '500-after-commit', create: 200, update: 200 },
  { kind: '502-html', create: 202, update: 200 },
  { kind: 'truncated-json', create: 200, update: 200 },
  { kind: 'redirect', create: 202, update: 200 },
];

describe.each(faults)('when MaiAgent fails with $kind', ({ kind, create, update }) => {
  it('never has a second contact after a create, and heals', async () => {
    rig.real.emulator.faults.add({ on: 'create', kind });
    const first = await rig.signIn();
    expect(first.status).toBe(create);
    if (first.status !== 200) expect(first.headers['retry-after']).toMatch(/^\d+$/);
    rig.real.clock.advance(90_001);
    const second = await rig.signIn();
    expect(second).toMatchObject({ status: 200, body: { contactId: first.body.contactId ?? expect.any(String) } });
    expect(rig.liveContacts).toMatchObject([{ id: second.body.contactId }]);
    expect(await rig.row()).toMatchObject({ confirmedHash: (await rig.row())?.desiredHash });
  });

  it('hands out the same contact after an update, with its new permissions', async () => {
    const { contactId } = (await rig.signIn({ roles: ['staff'] })).body;
    rig.real.emulator.faults.add({ on: 'patch', kind });
    const changed = { roles: [], iat: 1_770_000_000 };
    const first = await rig.signIn(changed);
    expect(first.status).toBe(update);
    rig.real.clock.advance(90_001);
    expect((await rig.signIn(changed)).body.contactId).toBe(contactId);
    expect(rig.liveContacts).toMatchObject([
      { id: contactId, queryMetadata: { knowledge_bases: [{ has_user_selected_all: 'True' }] } },
    ]);
    expect(await rig.row()).toMatchObject({ confirmedHash: (await rig.row())?.desiredHash });
  });
});

describe('when MaiAgent refuses', () => {
  it.each([
    { fault: '401' as const, code: 'maiagent_refused_key', look_at: 'the MaiAgent API key secret' },
    { fault: '403' as const, code: 'maiagent_refused_key', look_at: 'the MaiAgent API key secret' },
  ])('answers 502 for $fault and names the setting in the log', async ({ fault, code, look_at }) => {
    rig.real.emulator.faults.add({ on: 'any', kind: fault, times: 4 });
    expect(await rig.signIn()).toMatchObject({ status: 502, body: { code } });
    expect(rig.real.lines.some((line) => line.includes(look_at))).toBe(true);
    rig.real.emulator.faults.clear();
    expect((await rig.signIn()).status).toBe(200);
  });

  it('answers 502 for an inbox that MaiAgent does not know', async () => {
    const job = rig.real.job({ maiAgent: { inboxId: '00000000-0000-4000-8000-000000000000' } });
    expect(await rig.signIn({}, {}, job)).toMatchObject({ status: 502, body: { code: 'maiagent_refused_contact' } });
    expect(rig.real.lines.some((line) => line.includes('maiAgent.inboxId'))).toBe(true);
  });

  it('answers 502 for a contact that it says is there but does not show', async () => {
    rig.real.emulator.store.addContact({
      sourceId: rig.userId,
      name: 'Deleted',
      inboxes: [inboxId],
      deletedAt: 1_000_000_000_000,
    });
    rig.real.emulator.switches.reuseSourceIdAfterDelete = false;
    const answer = await rig.signIn();
    rig.real.emulator.switches.reuseSourceIdAfterDelete = true;
    expect(answer).toMatchObject({ status: 502, body: { code: 'contact_conflict' } });
    expect(rig.real.lines.some((line) => line.includes('ContactConflicts'))).toBe(true);
  });
});

describe('when a writer died with its contact already there', () => {
  /** MaiAgent's replies as an older deployment may give them: the field is optional in its reference. */
  const withoutPermissions: HttpSend = async (request) => {
    const reply = await httpSender()(request);
    if (reply.kind !== 'reply') return reply;
    const strip = (key: string, value: unknown) => (key === 'queryMetadata' ? undefined : value);
    return { ...reply, body: JSON.stringify(JSON.parse(reply.body), strip) };
  };

  it('binds the contact, and hands out no id, where MaiAgent does not show its permissions', async () => {
    const { clock, emulator, table } = rig.real;
    const links = new DynamoLinkTable(table.client, 'Links', clock);
    const first = draft({ kind: 'user', userId: rig.userId }, undefined, undefined, policyOf(sampleSettings));
    const lease = { owner: randomUUID(), untilMs: clock.now() + sampleSettings.leaseMs, sendUntil: 0 };
    await links.writeDesired(`user#${rig.userId}`, undefined, first, randomUUID(), lease);
    const { id } = emulator.store.addContact({ sourceId: rig.userId, name: 'Left behind', inboxes: [inboxId] });
    clock.advance(3_001);
    const maiAgent = { origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
    const contacts = new HttpContactApi(maiAgent, keyOf('sampleKey'), withoutPermissions, clock);
    const answer = await rig.signIn({}, {}, rig.real.job({ contacts }));
    expect(answer).toMatchObject({ status: 503, body: { code: 'permissions_unconfirmed' } });
    expect(JSON.stringify(answer.body)).not.toContain(id);
    expect((await rig.row())?.contactId).toBe(id);
  });
});
