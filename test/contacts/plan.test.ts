import { beforeAll, describe, expect, it } from 'vitest';
import { policyOf, type Settings } from '../../functions/env.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { queryMetadataOf } from '../../functions/rules/contacts/permissions.ts';
import type { Grant } from '../../functions/rules/permission-rules.ts';
import type { Change } from '../../functions/rules/contacts/reports.ts';
import { subjectOf } from '../../functions/rules/contacts/subject.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { planLines } from '../../local/permissions/plan-command.ts';
import { planOf, type Move, type Plan } from '../../local/permissions/plan.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { QuickSync } from '../rigs/quick-sync.ts';
import { wholeUser, type SampleFields } from '../rules/contacts/sample-changes.ts';
import { sized } from '../scope.ts';

const LINKS = sized({ test: 208, prove: 5_005, long: 20_020 });

const id = (index: number) => `c0a80101-0000-4000-8000-${String(index).padStart(12, '0')}`;
const base = (index: number, files: Grant['knowledgeBases'][number]['files'] = 'all') => ({
  id: id(index),
  files,
  faqs: 'all' as const,
});
const grant = (...knowledgeBases: Grant['knowledgeBases']): Grant => ({ knowledgeBases });
const labelled = (label: number): Grant => ({
  ...grant(base(7)),
  labels: { operator: 'AND', conditions: [{ label: id(label) }] },
});
const when = (role: string, given: Grant) => ({ when: { role }, grant: given });

const before: Partial<Settings> = {
  deployment: 1,
  metadata: [],
  order: ['portal', 'users', 'api', 'token'],
  permissions: {
    none: grant(base(0)),
    visitor: grant(base(8)),
    rules: [
      when('gone', grant(base(1))),
      when('narrow', grant(base(2, [id(21), id(22)]))),
      when('wide', grant(base(3, [id(31)]))),
      when('a', grant(base(4))),
      when('b', grant(base(5))),
      when('label', labelled(71)),
      { when: { attribute: 'country', equals: 'JP' }, grant: grant(base(6)) },
      when('same', grant(base(9))),
    ],
  },
};
const after: Partial<Settings> = {
  deployment: 2,
  metadata: ['department'],
  order: ['users', 'portal', 'api', 'token'],
  permissions: {
    none: grant(base(10)),
    visitor: grant(base(11)),
    rules: [
      when('narrow', grant(base(2, [id(21)]))),
      when('wide', grant(base(3))),
      when('b', grant(base(5))),
      when('a', grant(base(4))),
      when('label', labelled(72)),
      when('new', grant(base(12))),
      when('same', grant(base(9))),
      { when: { group: 'g' }, grant: grant(base(6)) },
    ],
  },
};

interface Kind {
  readonly from: string;
  readonly to: string;
  readonly loses: readonly number[];
  readonly gains: readonly number[];
  readonly told?: SampleFields;
  /** What is told after that. */
  readonly later?: readonly Partial<Change>[];
  readonly isVisitor?: true;
}

const elsewhere = { unknown: 'elsewhere' } as const;
/** Twelve kinds of move, and one of none: what somebody is told to be, and what becomes of it. */
const kinds: Readonly<Record<string, Kind | undefined>> = {
  'a rule goes': { told: { roles: ['gone'] }, from: id(1), to: 'none', loses: [1], gains: [10] },
  'a grant is narrowed': { told: { roles: ['narrow'] }, from: id(2), to: 'rules[0]', loses: [2], gains: [] },
  'a grant is widened': { told: { roles: ['wide'] }, from: id(3), to: 'rules[1]', loses: [], gains: [3] },
  'the rules change places': { told: { roles: ['a', 'b'] }, from: 'rules[3]', to: 'rules[2]', loses: [4], gains: [5] },
  'the labels change': { told: { roles: ['label'] }, from: id(7), to: 'rules[4]', loses: [7], gains: [7] },
  'a rule comes': { told: { roles: ['new'] }, from: id(0), to: 'rules[5]', loses: [0], gains: [12] },
  'what is tested is unknown': {
    told: { roles: ['same'] },
    later: [{ told: { groups: elsewhere } }],
    from: 'rules[6]',
    to: 'none (unknown: groups)',
    loses: [9],
    gains: [10],
  },
  'what was unknown is not tested': {
    told: { roles: ['same'] },
    later: [{ told: { '@country': elsewhere } }],
    from: id(0),
    to: 'rules[6]',
    loses: [0],
    gains: [9],
  },
  'another source decides': {
    told: { roles: ['a'] },
    later: [{ source: 'users', told: wholeUser({ roles: ['same'] }) }],
    from: 'rules[3]',
    to: 'rules[6]',
    loses: [4],
    gains: [9],
  },
  'none changes for the disabled': {
    told: { roles: ['same'] },
    later: [{ kind: 'disable' }],
    from: id(0),
    to: 'none (disabled)',
    loses: [0],
    gains: [10],
  },
  'a visitor': { isVisitor: true, from: id(8), to: 'visitor', loses: [8], gains: [11] },
  'other fields alone': {
    told: { roles: ['same'], attributes: { department: 'x' } },
    from: 'rules[6]',
    to: 'rules[6]',
    loses: [],
    gains: [],
  },
  nothing: undefined,
};

const names = Object.keys(kinds);
/** The subject with this number; who a visitor is follows from the id. */
function subjectAt(index: number) {
  const kind = kinds[names[index % names.length] ?? ''];
  return { kind, pk: kind?.isVisitor ? `visitor#${id(index)}` : `user#person-${index}` };
}

async function told(earlier: QuickSync, index: number): Promise<void> {
  const { kind, pk } = subjectAt(index);
  if (kind?.isVisitor) return earlier.take(subjectOf(pk), undefined);
  const change = { source: 'portal', kind: 'update', version: timeVersion(1) } as const;
  await earlier.take(subjectOf(pk), { ...change, told: wholeUser(kind?.told ?? { roles: ['same'] }) });
}

async function toldMore(earlier: QuickSync, index: number): Promise<void> {
  const { kind, pk } = subjectAt(index);
  const change = { source: 'portal', kind: 'update', version: timeVersion(2) } as const;
  for (const more of kind?.later ?? []) await earlier.take(subjectOf(pk), { ...change, ...more });
}

const expected = (index: number): Move | undefined => {
  const { kind, pk } = subjectAt(index);
  return kind && { pk, from: kind.from, to: kind.to, loses: kind.loses.map(id), gains: kind.gains.map(id) };
};

/** Evaluates as the command does: under a number above every deployment. */
async function planned(bridge: QuickBridge, settings: Settings): Promise<{ plan: Plan; moves: Move[] }> {
  const moves: Move[] = [];
  const evaluations = new DynamoEvaluations(bridge.database.client, 'Links');
  const policy = policyOf({ ...settings, deployment: Number.MAX_SAFE_INTEGER });
  const plan = await planOf((segment, cursor) => evaluations.page(segment, cursor), policy, {
    move: (move) => moves.push(move),
  });
  return { plan, moves };
}

const byPk = (a: { pk: string }, b: { pk: string }) => (a.pk < b.pk ? -1 : 1);

describe(`a plan for ${LINKS} links with twelve kinds of move`, () => {
  let bridge: QuickBridge;
  let later: QuickSync;
  let plan: Plan;
  let moves: Move[];
  let former: Map<string, number>;

  beforeAll(async () => {
    const sources = ['portal', 'users'].map((name) => sourceSchema.parse({ kind: 'generic', name }));
    bridge = await new QuickBridge({}, { sources }).start();
    const earlier = new QuickSync(bridge, before);
    for (let index = 0; index < LINKS; index += 1) await told(earlier, index);
    await earlier.settle();
    for (let index = 0; index < LINKS; index += 1) await toldMore(earlier, index);
    await earlier.settle();
    later = new QuickSync(bridge, after);
    former = new Map(bridge.links.map(({ pk, revision }) => [pk, revision]));
    ({ plan, moves } = await planned(bridge, later.settings));
  });

  it('says of each person from what to what they move, and what they lose and gain', () => {
    const all = Array.from({ length: LINKS }, (_, index) => expected(index)).filter((one) => one !== undefined);
    expect(moves.toSorted(byPk)).toEqual(all.toSorted(byPk));
    expect([plan.links, plan.changed, plan.unreadable]).toEqual([LINKS, all.length, 0]);
    expect(plan.moves.reduce((sum, { links }) => sum + links, 0)).toBe(all.length);
    expect(plan.moves).toHaveLength(12);
    expect(planLines(plan)[0]).toMatch(
      new RegExp(`^${LINKS} links, ${all.length} would change \\(\\d+ read units\\)$`),
    );
    const nine = moves.filter(({ loses }) => loses?.includes(id(9))).length;
    expect(plan.knowledgeBases.find((one) => one.id === id(9))).toMatchObject({ losing: nine });
  });

  it('writes nothing', () => {
    expect(new Map(bridge.links.map(({ pk, revision }) => [pk, revision]))).toEqual(former);
  });

  it('is what the deployment then does, to the link', async () => {
    await later.settle();
    const written = bridge.links.filter(({ pk, revision }) => former.get(pk) !== revision);
    expect(written.map(({ pk }) => pk).toSorted()).toEqual(moves.map(({ pk }) => pk).toSorted());
    const { none, visitor, rules } = later.settings.permissions;
    const grants = new Map([['visitor', visitor], ...rules.map((one, rule) => [`rules[${rule}]`, one.grant] as const)]);
    const { store } = bridge.maiAgent;
    const to = new Map(moves.map((move) => [move.pk, move.to]));
    for (const { pk, contactId } of written) {
      const there = contactId === undefined ? undefined : store.contact(contactId);
      expect(there?.queryMetadata, pk).toEqual(queryMetadataOf(grants.get(to.get(pk) ?? '') ?? none));
    }
    expect(await planned(bridge, later.settings)).toMatchObject({ plan: { changed: 0 }, moves: [] });
  });
});

it('counts whom a source still shuts out that was renamed or taken out', async () => {
  const sources = ['former', 'new'].map((name) => sourceSchema.parse({ kind: 'generic', name }));
  const bridge = await new QuickBridge({}, { sources }).start();
  const earlier = new QuickSync(bridge, { ...before, order: ['former', 'new', 'api', 'token'] });
  const says = (source: string, kind: Change['kind'], who: string, at: number) =>
    earlier.take({ kind: 'user', userId: who }, { source, kind, version: timeVersion(at) });
  for (const who of ['stays', 'disabled', 'deleted', 'disabled here']) await says('former', 'create', who, 1);
  await says('former', 'disable', 'disabled', 2);
  await says('former', 'delete', 'deleted', 2);
  await says('new', 'disable', 'disabled here', 2);
  // The new name creates them again, and the former one's word stays.
  for (const who of ['disabled', 'deleted']) await says('new', 'create', who, 3);
  const { plan } = await planned(bridge, {
    ...earlier.settings,
    sources: sources.slice(1),
    order: ['new', 'api', 'token'],
  });
  expect(plan.shutOut).toEqual([{ source: 'former', disabled: 1, deleted: 1 }]);
  expect(planLines(plan).join('\n')).toContain(
    'source former, which the stage does not declare, keeps 1 disabled and 1 deleted',
  );
  expect((await planned(bridge, earlier.settings)).plan.shutOut).toEqual([]);
});
