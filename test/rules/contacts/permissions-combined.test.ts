import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queryMetadataOf, verdictOn } from '../../../functions/rules/contacts/permissions.ts';
import { permissionRulesSchema, type Grant, type PermissionRules } from '../../../functions/rules/permission-rules.ts';
import type { FieldKey } from '../../../functions/rules/contacts/told.ts';
import { losesAnything } from '../../../functions/rules/losses.ts';
import { samplePermissions } from '../../rigs/sample-settings.ts';

const id = (digit: number) => `c0a80101-0000-4000-8000-00000000000${digit}`;
const all: Grant = { knowledgeBases: [{ id: id(1), files: 'all', faqs: 'all' }] };
const believing =
  ({ roles = [], groups = [] }: { roles?: string[]; groups?: string[] }) =>
  (key: FieldKey) =>
    ({ kind: 'known', value: key === 'roles' ? roles : groups }) as const;

/** Each base, file and answer that may be queried; a kind that is open is told by a star. */
const opened = (grant: Grant) =>
  new Set(
    grant.knowledgeBases.flatMap(({ id: base, files, faqs }) => [
      base,
      ...(files === 'all' ? ['*'] : files).map((file) => `${base} file ${file}`),
      ...(faqs === 'all' ? ['*'] : faqs).map((faq) => `${base} faq ${faq}`),
    ]),
  );
const isOpen = (all: ReadonlySet<string>, one: string) => all.has(one) || all.has(one.replace(/[^ ]+$/, '*'));

describe("the rules with combine: 'all'", () => {
  const roles = ['r0', 'r1', 'r2', 'r3'];
  const few = (prefix: string) =>
    fc.oneof(
      { weight: 1, arbitrary: fc.constant('all' as const) },
      { weight: 3, arbitrary: fc.subarray([`${prefix}1`, `${prefix}2`, `${prefix}3`], { minLength: 1 }) },
    );
  const anyBase = fc.record({ id: fc.constantFrom('b1', 'b2', 'b3'), files: few('f'), faqs: few('q') });
  const anySum = fc.record({
    rules: fc.array(
      fc.record({
        when: fc.constantFrom(...roles).map((role) => ({ role })),
        grant: fc.record({
          knowledgeBases: fc.uniqueArray(anyBase, { minLength: 1, maxLength: 3, selector: ({ id }) => id }),
        }),
      }),
      { maxLength: 5 },
    ),
    has: fc.subarray(roles),
  });
  const grantOf = (rules: PermissionRules['rules'], has: string[]) =>
    verdictOn(believing({ roles: has }), { combine: 'all', none: samplePermissions.none, rules }).grant;

  it('opens what any rule that holds opens, and nothing else', () => {
    fc.assert(
      fc.property(anySum, ({ rules, has }) => {
        const holding = rules.filter(({ when }) => has.includes(when.role)).map(({ grant }) => opened(grant));
        const sum = grantOf(rules, has);
        expect(sum === samplePermissions.none).toBe(holding.length === 0);
        if (holding.length === 0) return;
        for (const one of opened(sum))
          expect(
            holding.some((all) => isOpen(all, one)),
            one,
          ).toBe(true);
        for (const one of holding.flatMap((all) => [...all])) expect(isOpen(opened(sum), one), one).toBe(true);
      }),
    );
  });

  it('adds, so that a role more loses nobody anything, and asks every rule', () => {
    fc.assert(
      fc.property(anySum, fc.constantFrom(...roles), ({ rules, has }, role) => {
        const [before, after] = [grantOf(rules, has), grantOf(rules, [...has, role])];
        if (before !== samplePermissions.none)
          expect(losesAnything(queryMetadataOf(before), queryMetadataOf(after))).toBe(false);
        const { judged } = verdictOn(believing({ roles: has }), { combine: 'all', none: all, rules });
        expect(judged.map(({ rule }) => rule)).toEqual(rules.map((_, index) => index));
      }),
    );
  });

  it('comes to the same contact in whatever order the rules stand', () => {
    const shuffled = anySum.chain(({ rules, has }) =>
      fc.record({
        rules: fc.constant(rules),
        has: fc.constant(has),
        other: fc.shuffledSubarray(rules, { minLength: rules.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ rules, has, other }) => {
        expect(grantOf(other, has)).toEqual(grantOf(rules, has));
      }),
    );
  });

  it('needs no further rule for somebody in five groups', () => {
    const rules = [1, 2, 3, 4, 5].map((digit) => ({
      when: { group: `g${digit}` },
      grant: { knowledgeBases: [{ id: id(digit), files: 'all' as const, faqs: 'all' as const }] },
    }));
    const five = rules.map(({ when }) => when.group);
    const { grant, rule } = verdictOn(believing({ groups: five }), {
      combine: 'all',
      none: samplePermissions.none,
      rules,
    });
    expect(grant.knowledgeBases.map((base) => base.id)).toEqual([1, 2, 3, 4, 5].map(id));
    expect(rule).toBe(0);
  });

  it('refuses labels in a rule, and more than a link holds, and takes both in none or with the first rule', () => {
    const labelled = { ...all, labels: { operator: 'AND', conditions: [{ label: id(2) }] } };
    const rules = [{ when: { role: 'staff' }, grant: labelled }];
    const problems = (given: unknown) =>
      permissionRulesSchema.safeParse(given).error?.issues.map(({ path }) => path.join('.'));
    expect(problems({ combine: 'all', none: all, rules })).toEqual(['rules.0.grant.labels']);
    expect(problems({ combine: 'all', none: labelled, visitor: labelled, rules: [] })).toBeUndefined();
    expect(problems({ combine: 'first', none: all, rules })).toBeUndefined();
    const files = Array.from(
      { length: 1_000 },
      (_, index) => `c0a80101-0000-4000-8000-${String(index).padStart(12, '0')}`,
    );
    const large = { when: { role: 'staff' }, grant: { knowledgeBases: [{ id: id(1), files, faqs: 'all' }] } };
    expect(problems({ combine: 'all', none: all, rules: [large] })).toBeUndefined();
    expect(problems({ combine: 'all', none: all, rules: [large, large] })).toEqual(['rules']);
    expect(problems({ none: all, rules: [large, large] })).toBeUndefined();
  });
});
