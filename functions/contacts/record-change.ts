import { randomUUID } from 'node:crypto';
import type { Lease } from '../io/lease.ts';
import { logAbout } from '../io/log.ts';
import type { LinkTable } from '../io/aws/link-table.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import { Refused } from '../rules/failure.ts';
import { draft, isTooLarge, type Draft, type Link } from '../rules/contacts/link.ts';
import { countsOtherwise, reportOf, type Change } from '../rules/contacts/reports.ts';
import { linkKey, type Subject } from '../rules/contacts/subject.ts';
import type { ContactPolicy } from '../rules/contacts/desired.ts';

/** The change that a caller reports, given the link as it is. */
export type ChangeOf = (link: Link | undefined) => Change | undefined;

interface Recorded {
  readonly link: Link;
  readonly lease: Lease | undefined;
  readonly unknown: Draft['desired']['unknown'];
}

/** Makes the row say what the caller said, with the lease that `leaseFor` gives: one write, not two. Throws `Refused` for what cannot be kept. */
export async function recordChange(
  subject: Subject,
  changeOf: ChangeOf | undefined,
  policy: ContactPolicy,
  links: LinkTable,
  leaseFor: (link: Link | undefined, next: Draft) => Lease | undefined = () => undefined,
  seenAtMs?: number,
): Promise<Recorded> {
  const pk = linkKey(subject);
  let link = await links.read(pk);
  logAbout({ person: link?.pseudonym });
  return retryConflicts(async () => {
    const change = changeOf?.(link);
    if (change && countsOtherwise(link && reportOf(link.reports, change.source), change))
      throw new Refused('version_kind_changed');
    const next = draft(subject, link, change, policy, { seenAtMs });
    const { unknown } = next.desired;
    if (link && !next.isNews) return { link, lease: undefined, unknown };
    if (change && isTooLarge(next, change)) throw new Refused('user_too_large');
    const lease = leaseFor(link, next);
    const wrote = await links.writeDesired(pk, link, next, lease?.owner ?? randomUUID(), lease);
    if ('written' in wrote) {
      logAbout({ person: wrote.written.pseudonym });
      return { link: wrote.written, lease, unknown };
    }
    link = wrote.conflict;
    return 'conflict';
  });
}
