import { DynamoDueLinks } from '../../functions/io/aws/due-links.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import { linkKey } from '../../functions/rules/contacts/subject.ts';
import {
  comparedSchema,
  listedSchema,
  mendedSchema,
  type Difference,
  type Listed,
  type Look,
  type Mended,
} from '../../functions/rules/maiagent/difference.ts';
import type { Deployment } from '../commands/deployment.ts';
import { progress } from '../commands/progress.ts';
import { askAgain, inBatches } from './batches.ts';

/** What a function has no time for it leaves. */
const BATCH = 15;

/** Goes through MaiAgent's list of our inbox. A list that moves meanwhile may leave out a contact: only its own reading says that it is gone. */
export async function listed(deployment: Deployment): Promise<Listed> {
  const bar = progress('contacts listed');
  const all: Listed = { looks: [], seen: [], orphans: [] };
  for (let from: string | undefined, isLast = false; !isLast;) {
    const asked = { compare: 'list', from };
    const page = await askAgain(() => deployment.callSync(asked), listedSchema);
    for (const part of ['looks', 'seen', 'orphans'] as const) (all[part] as unknown[]).push(...page[part]);
    bar.at(all.seen.length);
    [from, isLast] = [page.next, page.next === undefined];
  }
  return all;
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
  const shown = new Set(seen);
  for await (const { pk, contactId, accountStatus } of linksOf(deployment))
    if (contactId !== undefined && accountStatus !== 'deleted' && !shown.has(contactId)) looks.push({ pk, contactId });
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
