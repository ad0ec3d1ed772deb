import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policyOf } from '../../functions/env.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { draft } from '../../functions/rules/contacts/link.ts';
import { queryMetadataOf } from '../../functions/rules/contacts/permissions.ts';
import type { Grant } from '../../functions/rules/permission-rules.ts';
import { subjectOf } from '../../functions/rules/contacts/subject.ts';
import { receiptOf } from '../../functions/rules/erasure/receipt.ts';
import type { ContactRow, Inbox } from '../../local/emulator/state/rows.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { samplePermissions } from '../rigs/sample-settings.ts';

const other: Grant = { knowledgeBases: [{ id: 'c0a80101-0000-4000-8000-000000000099', files: 'all', faqs: 'all' }] };
const elsewhere = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a99';
const staff = { name: 'Sample', roles: ['staff'] };
const HOUR_MS = 3_600_000;

let real: RealDeps;
let before: ChangeRig;
let after: ChangeRig;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  before = new ChangeRig(real, { deployment: 1, auditDays: 1 });
  after = new ChangeRig(real, { deployment: 2, auditDays: 1, permissions: { ...samplePermissions, none: other } });
  (real.emulator.store.inboxes as Inbox[]).push({ id: elsewhere, name: 'Another', webChatId: 'x' });
});
afterAll(() => real.close());

const row = (contactId: string): ContactRow => real.emulator.store.row(contactId)!;
const receipt = async (userId: string) => receiptOf((await before.link(userId))!, before.settings);
async function sweeps(rig: ChangeRig, times: number): Promise<void> {
  for (let sweep = 0; sweep < times; sweep += 1) {
    await rig.sync({ sweep: true });
    real.clock.advance(121_000);
  }
}
async function audits(rig: ChangeRig): Promise<void> {
  for (let hour = 0; hour < 24; hour += 1) {
    await rig.sync({ audit: true });
    real.clock.advance(HOUR_MS);
  }
}
/** A contact that MaiAgent will not delete. */
async function withConversation(userId: string): Promise<string> {
  await before.webhook(event('created', userId, 1, staff));
  await before.settle();
  const { contactId = '' } = (await before.link(userId))!;
  real.emulator.store.addConversation(contactId, { title: 'kept' });
  return contactId;
}
async function rotate(userId: string): Promise<void> {
  const link = (await before.link(userId))!;
  const next = draft(subjectOf(link.pk), link, undefined, policyOf(before.settings), { rotates: true });
  await new DynamoLinkTable(real.table.client, 'Links', real.clock).writeDesired(link.pk, link, next, 'rotated');
}

describe('a contact that MaiAgent will not delete', () => {
  it('follows the permissions of nobody, also a leaked one, and no receipt is open for it', async () => {
    const [erased, leaked] = [await withConversation('erased'), await withConversation('rotated')];
    await before.webhook(event('created', 'deleted', 1, staff));
    await before.settle();
    for (const userId of ['erased', 'deleted']) await before.webhook(event('deleted', userId, 2));
    await rotate('rotated');
    await sweeps(before, 6);
    const done = [await receipt('erased'), await receipt('deleted')];
    expect(done).toMatchObject([{ state: 'done' }, { state: 'done' }]);
    for (const contactId of [erased, leaked])
      expect(row(contactId).queryMetadata).toEqual(queryMetadataOf(samplePermissions.none));

    const from = real.emulator.calls.length;
    after.finished.clear();
    for (let sweep = 0; sweep < 20; sweep += 1) {
      await sweeps(after, 1);
      expect([await receipt('erased'), await receipt('deleted')]).toEqual(done);
    }
    for (const contactId of [erased, leaked]) expect(row(contactId).queryMetadata).toEqual(queryMetadataOf(other));
    // Whoever left nothing costs nothing.
    const asked = real.emulator.calls.slice(from).map(({ operation }) => operation);
    expect(asked.filter((operation) => operation === 'delete')).toHaveLength(2);
    expect(asked).not.toContain('list');
  });

  it.each<[string, Partial<ContactRow>]>([
    ['permissions', { queryMetadata: { knowledge_bases: [] } }],
    ['a name', { name: 'Somebody' }],
  ])('is found by both audits where somebody gave it %s, and mended', async (_, edit) => {
    const { contactId } = (await before.link('erased'))!.erasedContacts![0]!;
    real.emulator.store.change(row(contactId), edit);
    const found = await after.sync({ compare: [{ pk: 'user#erased', contactId }] });
    expect(found).toMatchObject({ differences: [{ kind: 'left_behind', contactId }], underWay: 0 });
    await audits(after);
    await sweeps(after, 1);
    expect(row(contactId)).toMatchObject({ name: '匿名', queryMetadata: queryMetadataOf(other) });
    expect(await receipt('erased')).toMatchObject({ state: 'done' });
  });
});

it.each<[string, Partial<ContactRow>]>([
  ['out of our inbox', { inboxes: [elsewhere] }],
  ["under another's sourceId", { sourceId: 'somebody-else' }],
])('a contact that was put %s is put back by the hourly audit', async (_, edit) => {
  const userId = `moved ${Object.keys(edit)[0]}`;
  const contactId = await withConversation(userId);
  const { inboxes, sourceId } = row(contactId);
  real.emulator.store.change(row(contactId), edit);
  await audits(before);
  await before.settle();
  expect(row(contactId)).toMatchObject({ sourceId, inboxes: expect.arrayContaining([...inboxes]) as unknown });
  expect((await before.link(userId))?.contactId).toBe(contactId);
});
