import { draft, type Draft, type Link } from '../../../functions/rules/contacts/link.ts';
import type { Change } from '../../../functions/rules/contacts/reports.ts';
import type { Subject } from '../../../functions/rules/contacts/subject.ts';
import type { ContactPolicy } from '../../../functions/rules/contacts/desired.ts';
import { witness } from '../../../functions/rules/contacts/believe.ts';
import { claimPaths } from '../../../functions/rules/contacts/token-claims.ts';
import { plainPaths } from '../../../functions/rules/contacts/read-fields.ts';
import { samplePermissions, sampleSettings } from '../../rigs/sample-settings.ts';

export const sampleUser: Subject = { kind: 'user', userId: 'sample-member' };
export const samplePolicy: ContactPolicy = {
  permissions: samplePermissions,
  metadata: ['department'],
  deployment: 1,
  witnesses: [
    ...['a', 'b', 'api'].map((source) => witness(source, plainPaths)),
    witness('token', claimPaths(sampleSettings.claims)),
  ],
};

/** The row as it is once this draft was written over it: what the writes of `io/aws/link-writes.ts` do to what the rules look at. */
export function rowOf(next: Draft, before?: Link): Link {
  const isNewLife = before !== undefined && before.generation !== next.generation;
  const { contactId, confirmedHash: _, confirmedPermissions: __, ...rest } = before ?? { contactId: undefined };
  return {
    ...(isNewLife ? rest : before),
    pk: 'user#sample-member',
    accountStatus: next.accountStatus,
    generation: next.generation,
    reports: next.reports,
    revision: (before?.revision ?? 0) + 1,
    revisedBy: 'sample-mark',
    desired: next.desired.contact,
    desiredHash: next.desired.hash,
    desiredPermissions: next.desired.permissions,
    deployment: next.deployment,
    sourceId: next.sourceId,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...(isNewLife && contactId !== undefined && { formerContacts: [...(before.formerContacts ?? []), contactId] }),
  };
}

/** The row after one more change. */
export const rowAfter = (before: Link | undefined, change: Change | undefined, policy = samplePolicy): Link =>
  rowOf(draft(sampleUser, before, change, policy), before);

/** The row that a list of changes leads to. */
export const rowFrom = (...changes: Change[]): Link =>
  changes.slice(1).reduce((row, change) => rowAfter(row, change), rowAfter(undefined, changes[0]));

/** The row with MaiAgent known to have what is wanted. */
export const confirmed = (link: Link, contactId = 'contact-1'): Link => ({
  ...link,
  contactId,
  confirmedHash: link.desiredHash,
  confirmedPermissions: link.desiredPermissions,
});
