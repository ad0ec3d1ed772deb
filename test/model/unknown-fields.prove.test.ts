import { describe, expect, it } from 'vitest';
import { believed, type Witness } from '../../functions/rules/contacts/believe.ts';
import { verdictOn } from '../../functions/rules/contacts/permissions.ts';
import type { Grant, PermissionRules } from '../../functions/rules/permission-rules.ts';
import { mergeReports, type Change, type Reports } from '../../functions/rules/contacts/reports.ts';
import type { FieldKey, FieldValue } from '../../functions/rules/contacts/told.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';

/*
 * Three sources, three fields. Of each field a source tells nothing, or is declared to tell it: has not told it yet, has told that there
 * is none, has told a value, or has told that it exists elsewhere. And a source may not have spoken at all. That is every state that
 * whole updates and parts can reach, because a part may carry any of the fields. What is true is known by the model alone.
 */
const fields = ['roles', 'groups', '@office'] as const;
type Field = (typeof fields)[number];
const conditions = ['undeclared', 'untold', 'none', 'value', 'elsewhere'] as const;
type Condition = (typeof conditions)[number];
type SourceState = 'silent' | Readonly<Record<Field, Condition>>;
const names = ['a', 'b', 'token'];

const spoken: SourceState[] = conditions.flatMap((roles) =>
  conditions.flatMap((groups) => conditions.map((office) => ({ roles, groups, '@office': office }))),
);
/** A silent source may be declared to tell anything: that it is passed over does not depend on it. */
const states: SourceState[] = ['silent', ...spoken];

const valueOf = (field: Field, condition: Condition): FieldValue => {
  if (condition === 'elsewhere') return { unknown: 'elsewhere' };
  const text = condition === 'value' ? 'x' : '';
  return field === '@office' ? text : text === '' ? [] : [text];
};

function witnessOf(source: string, state: SourceState): Witness {
  const told = fields.filter((field) => state === 'silent' || state[field] !== 'undeclared');
  return {
    source,
    fields: told.filter((field) => field !== '@office'),
    nameParts: 0,
    attributes: told.includes('@office') ? ['office'] : [],
  };
}

/** The report of a source in this state, by parts that each tell one field: a whole update is all of them at once. */
function reportsOf(source: string, state: SourceState): Reports {
  if (state === 'silent') return [];
  const change: Change = { source, kind: 'update', version: timeVersion(1) };
  const told = fields.filter((field) => !['undeclared', 'untold'].includes(state[field]));
  const parts = told.map((field) => ({ ...change, told: { [field]: valueOf(field, state[field]) } }));
  return [change, ...parts].reduce(mergeReports, []);
}

const made = names.map((source) =>
  states.map((state) => ({ state, reports: reportsOf(source, state), witness: witnessOf(source, state) })),
);

/**
 * What may be true of a field: the strongest source that has spoken and tells the field says it, or would. Written without the rules of
 * the bridge, as two bits: whether the field may be empty, whether it may have the value.
 */
function possible(field: Field, all: readonly SourceState[]): readonly boolean[] {
  const decider = all.find((state) => state !== 'silent' && state[field] !== 'undeclared');
  const condition = decider === undefined || decider === 'silent' ? 'none' : decider[field];
  if (condition === 'none') return [false];
  return condition === 'value' ? [true] : [false, true];
}

const grant = (digit: string): Grant => ({
  knowledgeBases: [{ id: `c0a80101-0000-4000-8000-00000000000${digit}`, files: 'all', faqs: 'all' }],
});
const tests = { roles: { role: 'x' }, groups: { group: 'x' }, '@office': { attribute: 'office', equals: 'x' } };
const whens = [
  ...fields.map((field) => ({ looksAt: [field], holds: 'all', when: tests[field] }) as const),
  ...fields.flatMap((field, index) =>
    fields
      .slice(index + 1)
      .flatMap((other) => [
        { looksAt: [field, other], holds: 'all', when: { all: [tests[field], tests[other]] } } as const,
        { looksAt: [field, other], holds: 'any', when: { any: [tests[field], tests[other]] } } as const,
      ]),
  ),
];
type When = (typeof whens)[number];
/** Every list of up to three rules; the first rule that holds decides. */
const ruleLists: When[][] = [
  ...whens.map((one) => [one]),
  ...whens.flatMap((one) => whens.map((other) => [one, other])),
  ...whens.flatMap((one) => whens.flatMap((other) => whens.map((third) => [one, other, third]))),
];
const rulesOf = (list: readonly When[]): PermissionRules => ({
  none: grant('0'),
  rules: list.map(({ when }, index) => ({ when, grant: grant(String(index + 1)) })) as PermissionRules['rules'],
});

/** What the rules give for the truth, by the place of the rule, `-1` for none. */
function placeFor(truth: Readonly<Record<Field, boolean>>, list: readonly When[]): number {
  return list.findIndex(({ looksAt, holds }) =>
    holds === 'all' ? looksAt.every((field) => truth[field]) : looksAt.some((field) => truth[field]),
  );
}

function* truths(all: Readonly<Record<Field, readonly boolean[]>>): Iterable<Record<Field, boolean>> {
  for (const roles of all.roles)
    for (const groups of all.groups) for (const office of all['@office']) yield { roles, groups, '@office': office };
}

describe('what the bridge believes of every state of three sources and three fields', () => {
  /** States differ for the rules in what is believed and in what may be true alone. */
  const cases = new Map<string, { all: SourceState[]; beliefs: Map<FieldKey, ReturnType<typeof believed>> }>();

  it('is never known where it may be otherwise, and is never unknown where it can be only one thing', () => {
    let seen = 0;
    for (const a of made[0] ?? [])
      for (const b of made[1] ?? [])
        for (const token of made[2] ?? []) {
          const sources = [a, b, token];
          const all = sources.map(({ state }) => state);
          const reports = sources.flatMap((one) => one.reports);
          const witnesses = sources.map(({ witness }) => witness);
          const beliefs = new Map(fields.map((field) => [field as FieldKey, believed(field, reports, witnesses)]));
          const key = fields.map((field) => {
            const belief = beliefs.get(field);
            const may = possible(field, all);
            const isRight =
              belief?.kind === 'known' ? may.length === 1 && belief.value.length > 0 === may[0] : may.length === 2;
            if (!isRight) throw new Error(`${field} of ${JSON.stringify(all)} is ${JSON.stringify(belief)}`);
            return `${belief?.kind} ${may.join()}`;
          });
          cases.set(key.join(' '), { all, beliefs });
          seen += 1;
        }
    expect([seen, cases.size]).toEqual([126 ** 3, 27]);
  });

  it('never grants more than the rules give for the truth, for every list of up to three rules', () => {
    let [seen, granted, withheld] = [0, 0, 0];
    for (const list of ruleLists) {
      const rules = rulesOf(list);
      for (const { all, beliefs } of cases.values()) {
        const verdict = verdictOn((key) => beliefs.get(key) ?? { kind: 'known', value: '' }, rules);
        const may = {
          roles: possible('roles', all),
          groups: possible('groups', all),
          '@office': possible('@office', all),
        };
        const isTested = (field: Field) => list.some(({ looksAt }) => (looksAt as readonly Field[]).includes(field));
        const doubts = fields.filter((field) => isTested(field) && may[field].length > 1);
        expect([...verdict.unknown].toSorted()).toEqual(doubts.toSorted());
        for (const truth of truths(may)) {
          const place = placeFor(truth, list);
          // Either what the truth gives, or none.
          const isRight = doubts.length > 0 ? verdict.rule === undefined : (verdict.rule ?? -1) === place;
          if (!isRight) throw new Error(JSON.stringify({ list, truth, verdict }));
          expect(verdict.grant).toEqual(verdict.rule === undefined ? rules.none : rules.rules[verdict.rule]?.grant);
          [seen, granted] = [seen + 1, granted + (verdict.rule === undefined ? 0 : 1)];
          withheld += doubts.length > 0 && place >= 0 ? 1 : 0;
        }
      }
    }
    expect([seen, granted > 0, withheld > 0]).toEqual([ruleLists.length * 64, true, true]);
  });
});
