import type { LinkAnswer } from '../http/answers.ts';
import { isClean, isOutstanding, type Link } from './link.ts';
import { shownVersion } from './version.ts';

/** What the back office sees of a link: its state, who reported what and when, and what is outstanding. No lease, no hash. */
export type LinkView = Omit<LinkAnswer, 'userId'>;

/** The view of a row. Versions are shown without the zeros that make them sortable. */
export function linkView(link: Link): LinkView {
  const { accountStatus, generation, contactId, sourceId, confirmedAt, reports, createdAt, updatedAt } = link;
  return {
    accountStatus,
    generation,
    // It opens a chat (invariant 9).
    contactId: (accountStatus === 'active' ? contactId : undefined) ?? null,
    sourceId,
    isConfirmed: isClean(link),
    confirmedAt: confirmedAt ?? null,
    reports: Object.fromEntries(
      reports.map(({ source, fields, status, created, deleted }) => [
        source,
        {
          fields: plain(fields?.[0]?.version),
          status: plain(status?.version),
          created: plain(created),
          deleted: plain(deleted),
        },
      ]),
    ),
    outstanding: isOutstanding(link) ? outstanding(link) : null,
    createdAt,
    updatedAt,
  };
}

const outstanding = ({ dueAt, attempts, lastError }: Link): LinkView['outstanding'] => ({
  nextAttemptAt: dueAt === undefined ? null : new Date(dueAt).toISOString(),
  attempts: attempts ?? 0,
  lastError: lastError ?? null,
});

const plain = (version: string | undefined): string | null => (version === undefined ? null : shownVersion(version));
