import { randomUUID } from 'node:crypto';
import type * as z from 'zod/mini';
import { policyOf } from '../env.ts';
import { logAbout, logApart, noteUnknown } from '../io/log.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import { linkKey } from '../rules/contacts/subject.ts';
import { shownKey } from '../rules/contacts/told.ts';
import {
  decideImport,
  importSource,
  missingIn,
  readRow,
  type importedSchema,
  type RowSays,
  type RowTerms,
} from '../rules/stores/import-row.ts';
import type { IntakeDeps } from './take-change.ts';

/** Some rows of an operator's file of users. */
export interface Import extends RowTerms {
  /** The name of the source whose users they are. */
  readonly import: string;
  /** A user as a JSON object, with the contact that somebody made for them by hand; or the id of one who is missing in a file of everybody. */
  readonly rows: readonly ({ readonly text: string; readonly contactId?: string } | { readonly missing: string })[];
  /** Decides everything and writes nothing. */
  readonly isDryRun?: boolean;
}

/** What became of each row, or would. */
export type Imported = z.infer<typeof importedSchema>;

/** So many users are written at once: as many as a busy morning's webhooks. */
const ABREAST = 8;

type Deps = Pick<IntakeDeps, 'settings' | 'links' | 'clock' | 'log'>;

/**
 * Takes users from a file as changes of their source. It has no receipts: a row that was taken is known by its version, so that a repeated
 * one writes nothing.
 */
export async function importUsers(wish: Import, deps: Deps): Promise<Imported> {
  const source = importSource(wish.import, deps.settings.sources);
  if (!source) throw new Error(`${wish.import} is no source whose users can be imported`);
  const nowMs = deps.clock.now();
  const says = (row: Import['rows'][number]): RowSays =>
    'missing' in row ? missingIn(source, row.missing, wish, nowMs) : readRow(source, row.text, wish, nowMs);
  const users: Imported['users'] = [];
  for (let at = 0; at < wish.rows.length; at += ABREAST) {
    const some = wish.rows.slice(at, at + ABREAST).map(async (row) => {
      const said = says(row);
      if ('problem' in said) return { outcome: 'refused' as const, userId: said.userId, why: said.problem };
      const contactId = 'missing' in row ? undefined : row.contactId;
      return logApart(() => importUser({ ...said, contactId }, wish, deps));
    });
    users.push(...(await Promise.all(some)));
  }
  return { users };
}

type Told = Extract<RowSays, { change: unknown }> & { readonly contactId: string | undefined };

const importUser = (told: Told, { isDryRun }: Import, { settings, links, log }: Deps) =>
  retryConflicts<Imported['users'][number]>(async () => {
    const { userId, columns } = told;
    const pk = linkKey({ kind: 'user', userId });
    const link = await links.read(pk);
    logAbout({ person: link?.pseudonym });
    const decided = decideImport(pk, link, told, policyOf(settings));
    if ('problem' in decided) return { outcome: 'refused', userId, why: decided.problem };
    const { outcome, next, isLoss } = decided;
    const unknown = next.desired.unknown.map(shownKey);
    if (outcome !== 'unchanged' && !isDryRun) {
      if ('conflict' in (await links.writeDesired(pk, link, next, randomUUID()))) return 'conflict';
      noteUnknown(log, unknown);
    }
    return { outcome, userId, columns, isLoss, unknown, contactId: link?.contactId };
  });
