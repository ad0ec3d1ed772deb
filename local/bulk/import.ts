import type * as z from 'zod/mini';
import { hashOf } from '../../functions/rules/canonical.ts';
import { hasSpoken } from '../../functions/rules/contacts/believe.ts';
import { API, reportOf, statusSaidIn } from '../../functions/rules/contacts/reports.ts';
import { subjectOf } from '../../functions/rules/contacts/subject.ts';
import { isTooMuch } from '../../functions/rules/stores/full-read.ts';
import { importedSchema } from '../../functions/rules/stores/import-row.ts';
import { LOSS_SHARE } from '../../functions/rules/stores/read-members.ts';
import { CommandError } from '../commands/command-error.ts';
import type { Deployment } from '../commands/deployment.ts';
import { refuseUndeclared } from '../commands/quarantine/redrive.ts';
import { readTextFile } from '../commands/text-file.ts';
import { adoptionOf, pairsIn, unclaimedOf } from './adoption.ts';
import { linksOf, listed } from './audit.ts';
import { askAgain, inBatches } from './batches.ts';
import { cursorOf, type Agreed } from './cursor.ts';
import { isTable, readUsers, type FileRow, type UserFile } from './user-file.ts';

/** What an operator asks for. */
export interface Wish extends UserFile {
  readonly source: string;
  readonly asOf?: string | undefined;
  /** Whether whoever is missing in the file is disabled. */
  readonly isSnapshot?: boolean | undefined;
  /** Whether contacts that are there already are shown and taken; by a file of pairs where there is one. */
  readonly adopt?: string | true | undefined;
}

/** What is to be done, and which batches of it were before the process was killed. */
interface Work {
  readonly agreed: Agreed;
  readonly served: ReadonlySet<number>;
  readonly rows: readonly FileRow[];
}

/** What became of one row of the file, or would. */
type Outcome = { readonly line: number } & z.infer<typeof importedSchema>['users'][number];

/** What an import would do, or has done. */
export type Report = ReturnType<typeof countsOf>;

const BATCH = 200;
/** Calls at once: with the users that a function writes at once, as much as a new table on demand takes without being throttled. */
const ABREAST = 4;

/** The file, and what was agreed to of it before. */
interface Begun {
  readonly key: string;
  readonly rows: readonly FileRow[];
  readonly known: Work | undefined;
}

/** Reads the file, and what was agreed to of it before. */
export async function begin(wish: Wish, deployment: Deployment): Promise<Begun> {
  const { source, asOf = '', isSnapshot = false, adopt = false } = wish;
  if (source !== API) await refuseUndeclared(source, deployment);
  const { text, rows } = await readUsers(wish);
  const pairs = typeof adopt === 'string' ? await readTextFile(adopt) : adopt;
  const key = hashOf([text, source, asOf, isSnapshot, pairs]);
  const known = await cursorOf(wish).read(key);
  return { key, rows, known: known && { ...known, rows } };
}

/** Says what an import would do, writes nothing, and answers what is to be agreed to. */
export async function plan(wish: Wish, deployment: Deployment, { key, rows }: Begun) {
  const pairs = typeof wish.adopt === 'string' ? await pairsIn(wish.adopt) : undefined;
  const unclaimed = wish.adopt ? unclaimedOf((await listed(deployment)).orphans) : undefined;
  const compared = await take(wish, deployment, rows, { isDryRun: true });
  const lineOf = new Map<string, number>();
  const taken: [number, string][] = [];
  const outcomes = compared.map((one): Outcome => {
    const { line, userId, contactId } = one;
    const first = userId === undefined ? undefined : lineOf.get(userId);
    // Two rows of one version have no order.
    if (first !== undefined) return { ...one, outcome: 'refused', why: `is the same user as in line ${first}` };
    if (userId !== undefined) lineOf.set(userId, line);
    if (userId === undefined || !unclaimed || one.outcome === 'refused') return one;
    const { takes, why } = adoptionOf(userId, contactId, pairs?.get(userId), unclaimed);
    if (takes !== undefined) taken.push([line, takes]);
    return why === undefined ? one : { ...one, outcome: 'refused', why };
  });
  const unclear = compared.find(({ userId }) => userId === undefined);
  if (wish.isSnapshot && unclear)
    throw new CommandError(`nobody knows who is missing: line ${unclear.line}: ${unclear.why}`);
  const people = wish.isSnapshot ? await activeUsersOf(wish.source, deployment) : [];
  const missing = people.filter((userId) => !lineOf.has(userId));
  const report = countsOf(outcomes, missing, taken.length);
  const agreed = { key, taken, missing, left: report.refused.map(({ line }) => line) };
  // Of users who are here already as many are compared as there are rows for them.
  const known = Math.max(people.length, report.changed + report.unchanged);
  const work: Work = { agreed, served: new Set(), rows };
  return { report, work, isStopped: isTooMuch(report.losses, { people: known }, LOSS_SHARE) };
}

/** The users who are active by the word of this source. */
async function activeUsersOf(source: string, deployment: Deployment): Promise<string[]> {
  const users: string[] = [];
  for await (const { pk, reports } of linksOf(deployment)) {
    const report = reportOf(reports, source);
    const subject = subjectOf(pk);
    if (report && hasSpoken(report) && statusSaidIn(report) === 'active' && subject.kind === 'user')
      users.push(subject.userId);
  }
  return users;
}

/** Does what was agreed to, and of that what was not done before. */
export async function carryOut(wish: Wish, deployment: Deployment, { agreed, served, rows }: Work): Promise<Report> {
  const cursor = cursorOf(wish);
  if (served.size === 0) await cursor.begin(agreed);
  const left = new Set(agreed.left);
  const all = [
    ...rows.map((row) => (left.has(row.line) ? { line: row.line, problem: 'was refused by the plan' } : row)),
    ...agreed.missing.map((missing) => ({ line: 0, missing })),
  ];
  const outcomes = await take(wish, deployment, all, { taken: new Map(agreed.taken), served, done: cursor.served });
  await cursor.end();
  const disabled = outcomes.filter(({ line, outcome }) => line === 0 && outcome === 'changed');
  const missing = disabled.flatMap(({ userId }) => userId ?? []);
  return countsOf(
    outcomes.filter(({ line }) => line > 0),
    missing,
    agreed.taken.length,
  );
}

interface Taking {
  readonly isDryRun?: boolean;
  readonly taken?: ReadonlyMap<number, string>;
  readonly served?: ReadonlySet<number>;
  readonly done?: (at: number) => Promise<void>;
}

async function take(wish: Wish, deployment: Deployment, rows: readonly FileRow[], how: Taking): Promise<Outcome[]> {
  const { isDryRun, taken, served, done } = how;
  const outcomes: Outcome[] = [];
  const serve = async (batch: readonly FileRow[]): Promise<void> => {
    const asked = batch.filter((row) => !('problem' in row));
    const sent = asked.map(({ line, ...row }) => ({ ...row, contactId: taken?.get(line) }));
    const event = { import: wish.source, asOf: wish.asOf, isTable: isTable(wish), isDryRun, rows: sent };
    const { users } = await askAgain(() => deployment.callUserChanged(event), importedSchema);
    outcomes.push(...users.map((user, index) => ({ ...user, line: asked[index]?.line ?? 0 })));
    for (const row of batch)
      if ('problem' in row) outcomes.push({ line: row.line, outcome: 'refused', why: row.problem });
  };
  const what = isDryRun ? 'compared' : 'imported';
  await inBatches(rows, { what, size: BATCH, abreast: ABREAST, served }, serve, done);
  return outcomes.toSorted((a, b) => a.line - b.line);
}

/**
 * The counts. `losses`: whom it shuts out, or from whom it takes a permission. `unknown`: who has no permission, because a field that a rule
 * looks at is not told. `columns`: names in the file that the source does not read.
 */
function countsOf(outcomes: readonly Outcome[], missing: readonly string[], adopted: number) {
  const { created = [], changed = [], unchanged = [], refused = [] } = Object.groupBy(outcomes, (one) => one.outcome);
  const taken = [...created, ...changed, ...unchanged];
  return {
    rows: outcomes.length,
    created: created.length,
    changed: changed.length,
    unchanged: unchanged.length,
    losses: taken.filter(({ isLoss }) => isLoss).length + missing.length,
    unknown: taken.filter(({ isUnknown }) => isUnknown).length,
    adopted,
    refused: refused.map(({ line, why = '' }) => ({ line, why })),
    columns: [...new Set(outcomes.flatMap(({ columns = [] }) => columns))],
    missing,
  };
}
