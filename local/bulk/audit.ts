import * as z from 'zod/mini';
import { DynamoDueLinks } from '../../functions/io/aws/due-links.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import { linkKey } from '../../functions/rules/contacts/subject.ts';
import {
  comparedSchema,
  differenceSchema,
  listedSchema,
  mendedSchema,
  type Difference,
  type Listed,
  type Look,
  type Mended,
} from '../../functions/rules/maiagent/difference.ts';
import { agreed } from '../commands/broadcasts/confirm.ts';
import { CommandError } from '../commands/command-error.ts';
import { type Deployment, deploymentOf, type Target } from '../commands/deployment.ts';
import { TO_LOOK_AT } from '../commands/output.ts';
import { progress } from '../commands/progress.ts';
import { terminalText } from '../commands/terminal-text.ts';
import { readTextFile } from '../commands/text-file.ts';
import { askAgain, inBatches } from './batches.ts';

interface Options extends Target {
  readonly user?: readonly string[];
  readonly orphans?: true;
  readonly apply?: string;
  readonly yes?: true;
}

/** `contact-bridge audit`: compares everybody now. */
export async function runAudit({ user, orphans, apply: path, yes, ...target }: Options): Promise<void> {
  const deployment = deploymentOf(target);
  if (path !== undefined) {
    const plan = planIn(await readTextFile(path));
    await agreed(yes, 'apply', `to put ${counted(plan)} right`, 'nothing was changed');
    const all = await apply(deployment, plan);
    const left = all.filter(({ why }) => why !== undefined);
    for (const one of left) console.log(JSON.stringify(one));
    const done = number(all.length - left.length, 'is', 'are');
    tell(`${done} put right within minutes, ${number(left.length, 'was', 'were')} left alone`);
    if (left.length > 0) process.exitCode = TO_LOOK_AT;
    return;
  }
  const found = orphans ? (await listed(deployment)).orphans : await planned();
  for (const one of found) console.log(JSON.stringify(one));
  if (found.length > 0) process.exitCode = TO_LOOK_AT;

  async function planned(): Promise<readonly Difference[]> {
    const { differences, underWay, unknown } = await audit(deployment, user);
    const kinds = Object.entries(Object.groupBy(differences, ({ kind }) => kind));
    tell(`${counted(differences)}${kinds.map(([kind, some]) => `, ${some.length} ${kind}`).join('')}`);
    if (underWay > 0) tell(`${number(underWay, 'is', 'are')} being worked on: ask again`);
    if (unknown > 0) {
      tell(`${unknown} of these users ${unknown === 1 ? 'is' : 'are'} unknown here; ids are case-sensitive`);
      process.exitCode = TO_LOOK_AT;
    }
    return differences;
  }
}

const number = (count: number, one: string, other: string): string => `${count} ${count === 1 ? one : other}`;
const counted = ({ length }: readonly unknown[]): string => number(length, 'difference', 'differences');
const tell = (line: string): void => console.error(terminalText(line));

function planIn(text: string): Difference[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  try {
    return lines.map((line) => z.parse(differenceSchema, JSON.parse(line)));
  } catch {
    throw new CommandError('that is no plan of contact-bridge audit');
  }
}

/** What a function has no time for it leaves. */
const BATCH = 15;

/**
 * Goes through MaiAgent's list of our inbox. A list that moves meanwhile may leave out a contact: only its own reading says that it is gone. It may
 * also show one on two pages, which is one all the same.
 */
export async function listed(deployment: Deployment) {
  const bar = progress('contacts listed');
  const all: Pick<Listed, 'looks' | 'orphans'> = { looks: [], orphans: [] };
  const seen = new Set<string>();
  for (let from: string | undefined, isLast = false; !isLast;) {
    const asked = { compare: 'list', from };
    const page = await askAgain(() => deployment.callSync(asked), listedSchema);
    const isNew = ({ contactId = '' }: { readonly contactId?: string | undefined }) => !seen.has(contactId);
    all.looks.push(...page.looks.filter(isNew));
    all.orphans.push(...page.orphans.filter(isNew));
    for (const contactId of page.seen) seen.add(contactId);
    bar.at(seen.size);
    [from, isLast] = [page.next, page.next === undefined];
  }
  return { ...all, seen };
}

/** The differences of everybody, or of some users, how many are being worked on, and how many nobody knows. */
export async function audit(deployment: Deployment, users: readonly string[] | undefined) {
  const looks = users
    ? users.map((userId) => ({ pk: linkKey({ kind: 'user', userId }) }))
    : await everybody(deployment);
  const differences: Difference[] = [];
  let [underWay, unknown] = [0, 0];
  await inBatches(looks, { what: 'compared', size: BATCH }, async (batch) => {
    for (let left = batch; left.length > 0;) {
      const asked = { compare: left };
      const found = await askAgain(() => deployment.callSync(asked), comparedSchema);
      differences.push(...found.differences);
      underWay += found.underWay;
      unknown += found.unknown;
      left = found.left ?? [];
    }
  });
  return { differences, underWay, unknown };
}

async function everybody(deployment: Deployment): Promise<Look[]> {
  const { looks, seen } = await listed(deployment);
  for await (const { pk, contactId, accountStatus } of linksOf(deployment))
    if (contactId !== undefined && accountStatus !== 'deleted' && !seen.has(contactId)) looks.push({ pk, contactId });
  return looks;
}

/** Every link of a stage. It costs half a read unit for each 4 KB. */
export async function* linksOf(deployment: Deployment): AsyncGenerator<Link> {
  const { client, tableName } = await deployment.links();
  yield* new DynamoDueLinks(client, tableName).share(0, 1);
  client.destroy();
}

/** Carries out a plan, each line while it is still true. */
export async function apply(deployment: Deployment, plan: readonly Difference[]): Promise<Mended> {
  const all: Mended = [];
  // What is planned of one link is judged together.
  const sorted = plan.toSorted((a, b) => (a.pk < b.pk ? -1 : 1));
  await inBatches(sorted, { what: 'applied', size: BATCH }, async (mend) => {
    all.push(...(await askAgain(() => deployment.callSync({ mend }), mendedSchema)));
  });
  return all;
}
