import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queryMetadataOf, testedBy, verdictOn } from '../../../functions/rules/contacts/permissions.ts';
import { grantSchema, permissionRulesSchema, type Grant } from '../../../functions/rules/permission-rules.ts';
import { believed } from '../../../functions/rules/contacts/believe.ts';
import type { FieldKey } from '../../../functions/rules/contacts/told.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';
import { samplePermissions } from '../../rigs/sample-settings.ts';
import { wholeUser, type SampleFields } from './sample-changes.ts';
import { samplePolicy } from './sample-links.ts';

const id = (digit: number) => `c0a80101-0000-4000-8000-00000000000${digit}`;
const all: Grant = { knowledgeBases: [{ id: id(1), files: 'all', faqs: 'all' }] };

/** What is believed of somebody of whom one source has told all of this, and nothing else. */
const believing = (fields: SampleFields) => (key: FieldKey) =>
  believed(
    key,
    [{ source: 'a', fields: [{ version: timeVersion(1), told: wholeUser(fields) }] }],
    samplePolicy.witnesses,
  );
const baseOf = (grant: Grant) => grant.knowledgeBases[0]?.id.slice(-2);

describe('verdictOn', () => {
  it.each<[string, SampleFields, string]>([
    ['a person without anything', {}, '00'],
    ['a role that no rule names', { roles: ['Staff', 'staf', 'staff2'] }, '00'],
    ['a role', { roles: ['staff'] }, '11'],
    ['a role among others', { roles: ['x', 'staff'] }, '11'],
    ['a group and an attribute together', { groups: ['sales'], attributes: { country: 'JP' } }, '22'],
    ['the group without the attribute', { groups: ['sales'] }, '00'],
    ['the attribute with another value', { groups: ['sales'], attributes: { country: 'jp' } }, '00'],
    ['the role of a group', { groups: ['staff'] }, '00'],
    ['one of several by its role', { roles: ['partner'] }, '77'],
    ['one of several by its group', { groups: ['partners'] }, '77'],
    ['the first of two rules that hold', { roles: ['partner', 'staff'] }, '11'],
  ])('decides for %s', (_, fields, base) => {
    expect(baseOf(verdictOn(believing(fields), samplePermissions).grant)).toBe(base);
  });

  it('does not take what every object has for an attribute', () => {
    const rules = permissionRulesSchema.parse({
      none: samplePermissions.none,
      rules: [{ when: { attribute: 'constructor', equals: String(Object) }, grant: all }],
    });
    expect(verdictOn(believing({}), rules)).toMatchObject({ grant: samplePermissions.none, unknown: [] });
  });

  it('says which rule holds', () => {
    expect(verdictOn(believing({ groups: ['partners'] }), samplePermissions)).toMatchObject({ rule: 2 });
    expect(verdictOn(believing({}), samplePermissions)).not.toHaveProperty('rule');
  });

  it('says of each rule that was asked which of its tests hold, up to the one that decides', () => {
    const { judged } = verdictOn(believing({ groups: ['sales', 'partners'] }), samplePermissions);
    expect(judged.map(({ rule, holds, needs, tests }) => [rule, holds, needs, tests.map((one) => one.holds)])).toEqual([
      [0, false, 'any', [false]],
      [1, false, 'all', [true, false]],
      [2, true, 'any', [false, true]],
    ]);
    expect(judged[1]?.tests[1]).toEqual({ field: '@country', value: 'JP', holds: false });
  });

  it.each(['roles', 'groups', '@country'])('grants nothing while %s is unknown, whatever else is known', (unknown) => {
    const known = believing({ roles: ['staff'], groups: ['sales', 'partners'], attributes: { country: 'JP' } });
    const believe = (key: FieldKey) =>
      key === unknown ? ({ kind: 'unknown', source: 'a', because: 'untold' } as const) : known(key);
    expect(verdictOn(believe, samplePermissions)).toEqual({
      grant: samplePermissions.none,
      unknown: [unknown],
      judged: [],
    });
  });

  it('asks for nothing that no rule looks at', () => {
    const asked: FieldKey[] = [];
    const rules = { none: all, rules: [{ when: { role: 'staff' }, grant: all }] };
    verdictOn((key) => {
      asked.push(key);
      return { kind: 'known', value: [] };
    }, rules);
    expect(asked).toEqual(['roles']);
    expect(testedBy(samplePermissions)).toEqual(['roles', 'groups', '@country']);
  });
});

describe('queryMetadataOf', () => {
  it('opens a whole base with the text True and no list', () => {
    expect(queryMetadataOf(all)).toEqual({
      knowledge_bases: [{ knowledge_base_id: id(1), has_user_selected_all: 'True' }],
    });
  });

  it('narrows files and FAQs by their lists', () => {
    expect(queryMetadataOf({ knowledgeBases: [{ id: id(1), files: [id(2)], faqs: [id(3), id(4)] }] })).toEqual({
      knowledge_bases: [
        {
          knowledge_base_id: id(1),
          chatbot_file_ids: [id(2)],
          faq_ids: [id(3), id(4)],
          has_user_selected_all: 'False',
        },
      ],
    });
  });

  it.each<[string, Grant['knowledgeBases'][number], object]>([
    ['files', { id: id(1), files: [id(2)], faqs: 'all' }, { chatbot_file_ids: [id(2)] }],
    ['FAQs', { id: id(1), files: 'all', faqs: [id(2)] }, { faq_ids: [id(2)] }],
  ])('does not say that all is selected where only the %s are narrowed', (_, base, narrowed) => {
    expect(queryMetadataOf({ knowledgeBases: [base] })).toEqual({
      knowledge_bases: [{ knowledge_base_id: id(1), has_user_selected_all: 'False', ...narrowed }],
    });
  });

  it('spells nested labels as MaiAgent does', () => {
    const labels: Grant['labels'] = {
      operator: 'AND',
      conditions: [{ label: id(2) }, { operator: 'OR', conditions: [{ label: id(3) }, { label: id(4) }] }],
    };
    expect(queryMetadataOf({ ...all, labels })['label_relations']).toEqual({
      operator: 'AND',
      conditions: [{ label_id: id(2) }, { operator: 'OR', conditions: [{ label_id: id(3) }, { label_id: id(4) }] }],
    });
  });

  it('is never empty anywhere, which MaiAgent may read as everything', () => {
    fc.assert(
      fc.property(anyGrant, (grant) => {
        const parsed = grantSchema.parse(grant);
        expect(emptyIn(queryMetadataOf(parsed))).toBe(false);
        expect(queryMetadataOf(parsed)).toMatchObject({ knowledge_bases: expect.any(Array) });
      }),
    );
  });

  it('says that all is selected only where neither files nor FAQs nor labels narrow', () => {
    fc.assert(
      fc.property(anyGrant, (grant) => {
        const bases = queryMetadataOf(grant)['knowledge_bases'] as Record<string, unknown>[];
        for (const base of bases) {
          const isNarrowed = 'chatbot_file_ids' in base || 'faq_ids' in base || grant.labels !== undefined;
          expect(base['has_user_selected_all']).toBe(isNarrowed ? 'False' : 'True');
        }
      }),
    );
  });
});

describe('permissionRulesSchema', () => {
  const valid = { none: all, rules: [{ when: { role: 'staff' }, grant: all }] };
  const withGrant = (grant: unknown) => ({ ...valid, rules: [{ when: { role: 'staff' }, grant }] });
  const withBase = (base: object) => withGrant({ knowledgeBases: [{ id: id(1), files: 'all', faqs: 'all', ...base }] });
  const leaf = { label: id(1) };
  const node = (inner: unknown) => ({ operator: 'AND', conditions: [inner] });

  it('takes the sample', () => {
    expect(permissionRulesSchema.parse(samplePermissions)).toEqual(samplePermissions);
    expect(permissionRulesSchema.safeParse(valid).success).toBe(true);
  });

  it('takes labels nested three deep and not four', () => {
    expect(permissionRulesSchema.safeParse(withGrant({ ...all, labels: node(node(node(leaf))) })).success).toBe(true);
    expect(permissionRulesSchema.safeParse(withGrant({ ...all, labels: node(node(node(node(leaf)))) })).success).toBe(
      false,
    );
  });

  it.each<[string, unknown]>([
    ['a missing none', { rules: [] }],
    ['none as null', { ...valid, none: null }],
    ['none as {}', { ...valid, none: {} }],
    ['none as an empty list', { ...valid, none: [] }],
    ['none without a knowledge base', { ...valid, none: { knowledgeBases: [] } }],
    ['a grant without a knowledge base', withGrant({ knowledgeBases: [] })],
    ['an empty list of files', withBase({ files: [] })],
    ['an empty list of FAQs', withBase({ faqs: [] })],
    ['files that are left out', withBase({ files: undefined })],
    ['FAQs that are null', withBase({ faqs: null })],
    ['a file id that is no UUID', withBase({ files: ['7'] })],
    ['a base id that is no UUID', withBase({ id: 'General' })],
    ['an unknown field of a base', withBase({ file: 'all' })],
    ["MaiAgent's own spelling", withBase({ faq_ids: [] })],
    ['labels without conditions', withGrant({ ...all, labels: { operator: 'AND', conditions: [] } })],
    ['labels as a leaf alone', withGrant({ ...all, labels: leaf })],
    ['labels with another operator', withGrant({ ...all, labels: { operator: 'NOT', conditions: [leaf] } })],
    ['labels as null', withGrant({ ...all, labels: null })],
    ['a rule without a condition', { ...valid, rules: [{ grant: all }] }],
    ['an empty condition', { ...valid, rules: [{ when: {}, grant: all }] }],
    ['a condition over an empty role', { ...valid, rules: [{ when: { role: '' }, grant: all }] }],
    ['all of nothing, which would always hold', { ...valid, rules: [{ when: { all: [] }, grant: all }] }],
    ['any of nothing', { ...valid, rules: [{ when: { any: [] }, grant: all }] }],
    ['a condition with two tests at once', { ...valid, rules: [{ when: { role: 'a', group: 'b' }, grant: all }] }],
    ['an unknown field', { ...valid, default: all }],
    ['another way to combine', { ...valid, combine: 'any' }],
  ])('refuses %s', (_, rules) => {
    expect(permissionRulesSchema.safeParse(rules).success).toBe(false);
  });
});

const idsOrAll = fc.oneof(fc.constant('all' as const), fc.array(fc.uuid(), { minLength: 1, maxLength: 3 }));
const anyGrant: fc.Arbitrary<Grant> = fc.record(
  {
    knowledgeBases: fc.array(fc.record({ id: fc.uuid(), files: idsOrAll, faqs: idsOrAll }), {
      minLength: 1,
      maxLength: 3,
    }),
    labels: fc.record({
      operator: fc.constantFrom('AND', 'OR'),
      conditions: fc.array(fc.record({ label: fc.uuid() }), { minLength: 1, maxLength: 3 }),
    }),
  },
  { requiredKeys: ['knowledgeBases'] },
);

function emptyIn(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  if (typeof value !== 'object') return false;
  const inner = Object.values(value);
  return inner.length === 0 || inner.some(emptyIn);
}

describe('a grant', () => {
  const file = (index: number) => `c0a80101-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const withFiles = (count: number) => ({
    knowledgeBases: [{ id: file(0), files: Array.from({ length: count }, (_, index) => file(index)), faqs: 'all' }],
  });

  it('fits into a link with all that is said of its user', () => {
    expect(grantSchema.safeParse(withFiles(1_000)).success).toBe(true);
    expect(
      grantSchema.safeParse({ knowledgeBases: Array.from({ length: 3 }, () => withFiles(1_000).knowledgeBases[0]) })
        .success,
    ).toBe(false);
  });
});
