import { expect, it } from 'vitest';
import { differenceOf } from '../../../functions/rules/maiagent/difference.ts';
import { anonymisedContact } from '../../../functions/rules/contacts/desired.ts';
import { permissionsHash } from '../../../functions/rules/contacts/drift.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';
import { confirmed, rowFrom, samplePolicy } from '../contacts/sample-links.ts';

const inboxId = 'our-inbox';
const link = {
  ...confirmed(rowFrom({ source: 'a', kind: 'create', version: timeVersion(1) }), 'bound'),
  generation: 2,
  sourceId: 'sample-member~2',
};

/** What is said of a contact that the link is not bound to. */
function kindOf(sourceId: string | null, more: Partial<typeof link> = {}, shown = link.desired): string | undefined {
  const contact = { id: 'other', sourceId, inboxIds: [inboxId], createdAtMs: undefined, ...shown, avatar: undefined };
  return differenceOf({ ...link, ...more }, 'other', contact, inboxId)?.kind;
}

it('says that a contact was left behind of an earlier generation, and of one that was erased and is back, alone', () => {
  expect(kindOf('sample-member')).toBe('left_behind');
  expect(kindOf('renamed', { erasedContacts: [{ contactId: 'other', at: 1, how: 'deleted' }] })).toBe('left_behind');
  // What is left of one that could not be deleted.
  const nobody = anonymisedContact(samplePolicy);
  const kept = {
    contactId: 'other',
    at: 1,
    how: 'anonymised',
    permissions: permissionsHash(nobody.queryMetadata),
  } as const;
  expect(kindOf('renamed', { erasedContacts: [kept] }, nobody)).toBeUndefined();
  expect(kindOf('renamed', { erasedContacts: [kept] }, { ...nobody, name: 'Edited' })).toBe('left_behind');
  expect(kindOf('renamed', { erasedContacts: [kept] }, { ...nobody, queryMetadata: {} })).toBe('left_behind');
  // These were never ours, whichever link was about to take them.
  for (const sourceId of [null, 'old-system-7', 'sample-member~~2', '~visitor_1'])
    expect(kindOf(sourceId)).toBeUndefined();
});
