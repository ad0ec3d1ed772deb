import { expect, it } from 'vitest';
import { differenceOf } from '../../../functions/rules/maiagent/difference.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';
import { confirmed, rowFrom } from '../contacts/sample-links.ts';

const inboxId = 'our-inbox';
const link = {
  ...confirmed(rowFrom({ source: 'a', kind: 'create', version: timeVersion(1) }), 'bound'),
  generation: 2,
  sourceId: 'sample-member~2',
};

/** What is said of a contact that the link is not bound to. */
function kindOf(sourceId: string | null, more: Partial<typeof link> = {}): string | undefined {
  const contact = { id: 'other', sourceId, inboxIds: [inboxId], createdAtMs: undefined, ...link.desired };
  return differenceOf({ ...link, ...more }, 'other', contact, inboxId)?.kind;
}

it('says that a contact was left behind of an earlier generation, and of one that was erased and is back, alone', () => {
  expect(kindOf('sample-member')).toBe('left_behind');
  expect(kindOf('renamed', { erasedContacts: [{ contactId: 'other', at: 1, how: 'deleted' }] })).toBe('left_behind');
  // What is left of one that could not be deleted.
  expect(kindOf('renamed', { erasedContacts: [{ contactId: 'other', at: 1, how: 'anonymised' }] })).toBeUndefined();
  // These were never ours, whichever link was about to take them.
  for (const sourceId of [null, 'old-system-7', 'sample-member~~2', '~visitor_1'])
    expect(kindOf(sourceId)).toBeUndefined();
});
