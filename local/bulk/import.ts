import { hashOf } from '../../functions/rules/canonical.ts';
import { hasSpoken } from '../../functions/rules/contacts/believe.ts';
import { API, reportOf, statusSaidIn } from '../../functions/rules/contacts/reports.ts';
import { subjectOf } from '../../functions/rules/contacts/subject.ts';
import { isTooMuch } from '../../functions/rules/stores/full-read.ts';
import { importedSchema } from '../../functions/rules/stores/import-row.ts';
import { LOSS_SHARE } from '../../functions/rules/stores/read-members.ts';
import { CommandError } from '../commands/command-error.ts';
import { terminalText } from '../commands/terminal-text.ts';
import type { Deployment } from '../commands/deployment.ts';
import { refuseUndeclared } from '../commands/quarantine/redrive.ts';
import { readTextFile } from '../commands/text-file.ts';
import { adoptionOf, pairsIn, unclaimedOf } from './adoption.ts';
import { linksOf, listed } from './audit.ts';
import { askAgain, inBatches } from './batches.ts';
import { cursorOf, type Agreed, type Outcome, type Served } from './cursor.ts';
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
  readonly served: Served;
  readonly rows: readonly FileRow[];
}

/** What an import would do, or has done. */
export type Report = ReturnType<typeof countsOf>;

const BATCH = 200;
/** Calls at once: with the users that a function writes at once, as much as a new table on demand takes without being throttled. */
const ABREAST = 4;

/** The file, and what was agreed to of it before. */
interface Begun {
  readonly key: string;
  readonly rows: readonly FileRow[];
  /** What the file of pairs says: a pipe can be read once. */
  readonly pairs: string | boolean;
  readonly known: Work | undefined;
}

/** Reads the file, and what was agreed to of it before. */
export async function begin(wish: Wish, deployment: Deployment): Promise<Begun> {
  const { source, asOf = '', isSnapshot = false, adopt = false } = wish;
  if (source !== API) await refuseUndeclared(source, deployment);
  const { text, rows } = await readUsers(wish);
  const pairs = typeof adopt === 'string' ? await readTextFile(adopt) : adopt;
  // What was agreed to of one deployment is agreed to of no other.
  const { client, tableName, where } = await deployment.links();
  client.destroy();
  const key = hashOf([where, tableName, text, source, asOf, isSnapshot, pairs]);
  // Who is missing may be another by now: that is compared and agreed to again, and rows that were taken write nothing.
  const known = isSnapshot ? undefined : await cursorOf(wish, key).read();
  return { key, rows, pairs, known: known && { ...known, rows } };
}

/** Says what an import would do, writes nothing, and answers what is to be agreed to. */
export async function plan(wish: Wish, deployment: Deployment, { key, rows, pairs: text }: Begun) {
  const [nobody] = wish.isSnapshot ? await take(wish, deployment, [{ line: 0, missing: '' }], { isDryRun: true }) : [];
  if (nobody?.outcome === 'refused') throw new CommandError(`--snapshot: ${nobody.why}`);
  const pairs = typeof text === 'string' ? pairsIn(text) : undefined;
  const unclaimed = wish.adopt ? unclaimedOf((await listed(deployment)).orphans) : undefined;
  const compared = await take(wish, deployment, rows, { isDryRun: true });
  const inFile = new Set(compared.map(({ userId }) => userId));
  const nobodys = [...(pairs?.keys() ?? [])].filter((userId) => !inFile.has(userId));
  if (nobodys.length > 0)
    console.error(
      terminalText(`pairs that are of nobody in the file (${nobodys.length}): ${nobodys.slice(0, 20).join(', ')}`),
    );
  const lineOf = new Map<string, number>();
  const taken: [number, string][] = [];
  const outcomes = compared.map((one): Outcome => {
    const { line, userId, contactId } = one;
    const first = userId === undefined ? undefined : lineOf.get(userId);
    // Two rows of one version have no order.
    if (first !== undefined) return { ...one, outcome: 'refused', why: `is the same user as in line ${first}` };
    if (userId !== undefined) lineOf.set(userId, line);
    if (userId === undefined || !unclaimed || one.outcome === 'refused') return one;
    const { takes, why } = adoptionOf(userId, contactId, pairs?.get(userId), unclaimed, inFile);
    if (takes !== undefined) taken.push([line, takes]);
    return why === undefined ? one : { ...one, outcome: 'refused', why };
  });
  const unclear = compared.find(({ userId }) => userId === undefined);
  if (wish.isSnapshot && unclear)
    throw new CommandError(`nobody knows who is missing: line ${unclear.line}: ${unclear.why}`);
  const people = wish.isSnapshot ? await activeUsersOf(wish.source, deployment) : [];
  const gone = people.filter((userId) => !inFile.has(userId)).map((missing) => ({ line: 0, missing }));
  const report = countsOf([...outcomes, ...(await take(wish, deployment, gone, { isDryRun: true }))], taken);
  const { missing, refused } = report;
  const agreed = { key, taken, missing, refused };
  // Of users who are here already as many are compared as there are rows for them.
  const known = Math.max(people.length, report.changed + report.unchanged);
  const work: Work = { agreed, served: new Map(), rows };
  return { report, work, isStopped: isTooMuch(report.losses, { people: known }, LOSS_SHARE) };
}

/** The users who are active by the word of this source, and not deleted here. */
async function activeUsersOf(source: string, deployment: Deployment): Promise<string[]> {
  const users: string[] = [];
  for await (const { pk, reports, accountStatus } of linksOf(deployment)) {
    if (accountStatus === 'deleted') continue;
    const report = reportOf(reports, source);
    const subject = subjectOf(pk);
    if (report && hasSpoken(report) && statusSaidIn(report) === 'active' && subject.kind === 'user')
      users.push(subject.userId);
  }
  return users;
}

/** Does what was agreed to, and of that what was not done before. `tell` is given how many rows are known to be taken by then. */
export async function carryOut(
  wish: Wish,
  deployment: Deployment,
  { agreed, served, rows }: Work,
  tell: (count: number) => void = () => undefined,
): Promise<Report> {
  const cursor = cursorOf(wish, agreed.key);
  if (served.size === 0) await cursor.begin(agreed);
  let count = [...served.values()].flat().length;
  tell(count);
  const done = async (at: number, outcomes: readonly Outcome[]): Promise<void> => {
    await cursor.served(at, outcomes);
    tell((count += outcomes.length));
  };
  const left = new Set(agreed.refused.map(({ line }) => line));
  const all = [
    ...rows.filter(({ line }) => !left.has(line)),
    ...agreed.missing.map((missing) => ({ line: 0, missing })),
  ];
  const outcomes = await take(wish, deployment, all, { taken: new Map(agreed.taken), served, done });
  await cursor.end();
  const refused = agreed.refused.map((one) => ({ ...one, outcome: 'refused' as const }));
  return countsOf([...outcomes, ...refused], agreed.taken);
}

interface Taking {
  readonly isDryRun?: boolean;
  readonly taken?: ReadonlyMap<number, string>;
  readonly served?: Served;
  readonly done?: (at: number, outcomes: readonly Outcome[]) => Promise<void>;
}

async function take(wish: Wish, deployment: Deployment, rows: readonly FileRow[], how: Taking): Promise<Outcome[]> {
  const { isDryRun, taken, served = new Map(), done } = how;
  const all: Outcome[] = [...served.values()].flat();
  const serve = async (batch: readonly FileRow[]): Promise<Outcome[]> => {
    const asked = batch.filter((row) => !('problem' in row));
    const sent = asked.map(({ line, ...row }) => ({ ...row, contactId: taken?.get(line) }));
    const event = { import: wish.source, asOf: wish.asOf, isTable: isTable(wish), isDryRun, rows: sent };
    const { users } = await askAgain(() => deployment.callUserChanged(event), importedSchema);
    const outcomes = users.map(({ why, ...user }, index): Outcome => ({
      ...user,
      ...(why !== undefined && { why: why.startsWith('version is missing') ? `${why}: see --as-of` : why }),
      line: asked[index]?.line ?? 0,
    }));
    for (const row of batch)
      if ('problem' in row) outcomes.push({ line: row.line, outcome: 'refused', why: row.problem });
    all.push(...outcomes);
    return outcomes;
  };
  const what = isDryRun ? 'compared' : 'imported';
  await inBatches(rows, { what, size: BATCH, abreast: ABREAST, served }, serve, done);
  return all.toSorted((a, b) => a.line - b.line);
}

/**
 * The counts. `losses`: whom it shuts out, or from whom it takes a permission. `unknown`: who has no permission, because something
 * that a rule looks at, `untold`, is not told. `adopted`: rows that were taken with the contact that was planned for them. `columns`: names in the file that the source
 * does not read. `refused`: lines, and with line 0 those who are missing and not disabled.
 */
function countsOf(outcomes: readonly Outcome[], adopted: Agreed['taken']) {
  const { rows = [], absent = [] } = Object.groupBy(outcomes, ({ line }) => (line > 0 ? 'rows' : 'absent'));
  const { created = [], changed = [], unchanged = [] } = Object.groupBy(rows, ({ outcome }) => outcome);
  const missing = absent.flatMap(({ outcome, userId }) => (outcome === 'changed' && userId) || []);
  const taken = [...created, ...changed, ...unchanged];
  const linesOfAdopted = new Set(adopted.map(([line]) => line));
  return {
    rows: rows.length,
    created: created.length,
    changed: changed.length,
    unchanged: unchanged.length,
    losses: taken.filter(({ isLoss }) => isLoss).length + missing.length,
    unknown: taken.filter(({ unknown = [] }) => unknown.length > 0).length,
    untold: [...new Set(taken.flatMap(({ unknown = [] }) => unknown))],
    adopted: taken.filter(({ line }) => linesOfAdopted.has(line)).length,
    refused: outcomes
      .filter(({ outcome }) => outcome === 'refused')
      .toSorted((a, b) => a.line - b.line)
      .map(({ line, userId, why = '' }) => ({ line, ...(line === 0 && { userId }), why })),
    columns: [...new Set(outcomes.flatMap(({ columns = [] }) => columns))],
    missing,
  };
}
