import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordChange } from '../../functions/contacts/record-change.ts';
import { syncLink } from '../../functions/contacts/sync-link.ts';
import { policyOf } from '../../functions/env.ts';
import { explainLink } from '../../functions/rules/contacts/explain.ts';
import { isOutstanding, type Link } from '../../functions/rules/contacts/link.ts';
import { queryMetadataOf } from '../../functions/rules/contacts/permissions.ts';
import type { Change } from '../../functions/rules/contacts/reports.ts';
import type { Told } from '../../functions/rules/contacts/told.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import type { ExplanationAnswer } from '../../functions/rules/http/answers.ts';
import { wholeUser } from '../rules/contacts/sample-changes.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { samplePermissions } from '../rigs/sample-settings.ts';
import { seed, sized } from '../scope.ts';

const USERS = sized({ test: 100, prove: 1_000, long: 1_000 });
const sources = ['hr', 'crm'].map((name) => sourceSchema.parse({ kind: 'generic', name }));

const unknown = fc.constantFrom({ unknown: 'elsewhere' } as const, { unknown: 'unusable' } as const);
const names = fc.oneof(
  { arbitrary: fc.subarray(['staff', 'partner', 'sales', 'partners', 'x']), weight: 8 },
  { arbitrary: unknown, weight: 1 },
);
const text = (...texts: string[]) => fc.constantFrom('', ...texts);
const part: fc.Arbitrary<Told> = fc
  .record(
    {
      name: text('Sample Member', 'Another'),
      email: text('sample@corp.example', 'other@corp.example'),
      phoneNumber: text('+886 2 5555 0100'),
      avatar: text('https://corp.example/a.png'),
      roles: names,
      groups: names,
      '@country': fc.oneof(text('JP', 'TW'), unknown),
      '@department': text('Sales', 'Legal'),
    },
    { requiredKeys: [] },
  )
  // What no member stands for is left out, so that the part is as a mapping would tell it.
  .map((told) => Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)));

const change: fc.Arbitrary<Change> = fc
  .record({
    source: fc.constantFrom('hr', 'crm', 'api', 'token'),
    kind: fc.constantFrom('update', 'update', 'update', 'create', 'disable', 'enable', 'delete', 'hint'),
    at: fc.integer({ min: 1, max: 6 }),
    told: part,
    isWhole: fc.boolean(),
  })
  .map(({ source, kind, at, told, isWhole }): Change => {
    const version = timeVersion(at);
    const isUpdate = source === 'token' || kind === 'update' || kind === 'create';
    if (kind === 'hint' && source !== 'token') return { source, kind, version, changed: ['roles', 'groups'] };
    if (!isUpdate) return { source, kind, version };
    const whole = isWhole || source === 'api' ? wholeUser({}) : {};
    return { source, kind: source === 'token' ? 'update' : kind, version, told: { ...whole, ...told } };
  });
const lives = fc.array(change, { minLength: 1, maxLength: 6 });
/** What few lives come to by chance: of whom nobody has told anything, and who is back from an erasure before the first source has told anew. */
const rare: readonly (readonly Change[])[] = [
  [{ source: 'hr', kind: 'hint', version: timeVersion(1), changed: ['roles'] }],
  [
    { source: 'hr', kind: 'update', version: timeVersion(1), told: wholeUser({}) },
    { source: 'crm', kind: 'delete', version: timeVersion(2) },
    { source: 'crm', kind: 'create', version: timeVersion(3), told: wholeUser({}) },
  ],
];

/** A user's link after these changes, and after everything that was outstanding. */
async function linkAfter(bridge: QuickBridge, userId: string, changes: readonly Change[]): Promise<Link> {
  const deps = bridge.deps();
  const pk = `user#${userId}`;
  for (const one of changes)
    await recordChange({ kind: 'user', userId }, () => one, policyOf(bridge.settings), deps.links);
  for (let rounds = 0; rounds < 10; rounds += 1) {
    await syncLink(pk, bridge.settings, deps);
    const link = await deps.links.read(pk);
    if (link && !isOutstanding(link)) return link;
    bridge.clock.advance(301_000);
  }
  throw new Error(`${userId} never came to rest`);
}

const valueOf = ({ fields }: ExplanationAnswer, field: string) =>
  fields.find((one) => one.field === field)?.value ?? '';

/** Whether a test of a rule holds for the values that the explanation itself shows. */
const holdsFor = (told: ExplanationAnswer, { field, value }: { field: string; value: string }): boolean => {
  const shown = valueOf(told, field);
  return typeof shown === 'string' ? shown === value : shown.includes(value);
};

function expectRulesToFit({ permissions, ...rest }: ExplanationAnswer): void {
  const { decidedBy, rule, unknown: doubts, rules } = permissions;
  const told = { permissions, ...rest };
  for (const one of rules) {
    expect(one.tests.map(({ holds }) => holds)).toEqual(one.tests.map((test) => holdsFor(told, test)));
    const holds = one.tests.map((test) => holdsFor(told, test));
    expect(one.holds).toBe(one.needs === 'all' ? holds.every(Boolean) : holds.some(Boolean));
  }
  // Each rule above the one that decides was asked and passed over, and nothing below it was asked.
  const asked = { rule: (rule ?? 0) + 1, no_rule: samplePermissions.rules.length, unknown: 0, disabled: 0, deleted: 0 };
  expect(rules.map((one) => one.rule)).toEqual(Array.from({ length: asked[decidedBy] }, (_, index) => index));
  expect(rules.filter(({ holds }) => holds).map((one) => one.rule)).toEqual(rule === null ? [] : [rule]);
  const tested = ['roles', 'groups', 'attribute country'];
  const states = new Map(rest.fields.map(({ field, state }) => [field, state]));
  const isUnknown = (field: string) =>
    ['untold', 'changed', 'elsewhere', 'unusable', 'erased'].includes(states.get(field) ?? '');
  if (decidedBy !== 'disabled' && decidedBy !== 'deleted') expect([...doubts]).toEqual(tested.filter(isUnknown));
  const grant = rule === null ? samplePermissions.none : samplePermissions.rules[rule]?.grant;
  expect(permissions.queryMetadata).toEqual(grant && queryMetadataOf(grant));
}

describe(`the explanations of ${USERS} users about whom four sources said anything`, () => {
  it('say what MaiAgent has, field by field, and why', async () => {
    const bridge = await new QuickBridge({}, { sources }).start();
    const policy = policyOf(bridge.settings);
    const seen = new Set<string>();
    const states = new Set<string>();
    let [compared, index] = [0, 0];
    for (const changes of [...rare, ...fc.sample(lives, { numRuns: USERS, seed })]) {
      const link = await linkAfter(bridge, `member-${(index += 1)}`, changes);
      const explained = explainLink(link, policy, true);
      const { permissions, contact } = explained;
      expect([explained.isCurrent, explained.withheld]).toEqual([true, null]);
      expectRulesToFit(explained);
      seen.add(permissions.decidedBy);
      for (const { state } of explained.fields) states.add(state);
      const there = link.contactId === undefined ? undefined : bridge.maiAgent.store.contact(link.contactId);
      if (!there) {
        expect(link.accountStatus).not.toBe('active');
        continue;
      }
      compared += 1;
      expect(there.queryMetadata).toEqual(permissions.queryMetadata);
      const { name, email, phoneNumber, avatar, metadata } = there;
      expect({ name, email: email ?? '', phoneNumber: phoneNumber ?? '', avatar, metadata }).toMatchObject({
        ...contact,
      });
      // The fields that were decided are the contact's: a name that nobody told is MaiAgent's own for somebody without one.
      const shown = ['name', 'email', 'phoneNumber', 'avatar'].map((field) => valueOf(explained, field));
      expect([name === '匿名' ? '' : name, email ?? '', phoneNumber ?? '', avatar]).toEqual(shown);
      expect(metadata[0]?.value ?? '').toBe(valueOf(explained, 'attribute department'));
    }
    expect(compared).toBeGreaterThan(USERS / 3);
    expect([...seen].toSorted()).toEqual(['deleted', 'disabled', 'no_rule', 'rule', 'unknown']);
    const all = ['changed', 'elsewhere', 'erased', 'nobody_tells', 'told', 'untold', 'unusable'];
    expect([...states].toSorted()).toEqual(all);
  });
});
