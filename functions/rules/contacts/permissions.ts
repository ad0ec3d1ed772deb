import type { Condition, Grant, Labels, PermissionRules, Test } from '../permission-rules.ts';
import type { Belief } from './believe.ts';
import { attributeKey, type FieldKey } from './told.ts';

/** What a rule looks at, by the key of the field, each once. */
export function testedBy({ rules }: Pick<PermissionRules, 'rules'>): readonly FieldKey[] {
  const known = tested.get(rules);
  if (known) return known;
  const keys = [...new Set(rules.flatMap(({ when }) => testsIn(when).map(keyOf)))];
  tested.set(rules, keys);
  return keys;
}
/** A configuration lives as long as its process. */
const tested = new WeakMap<PermissionRules['rules'], readonly FieldKey[]>();

/** How one rule was judged. */
export interface Judged {
  /** Its place in the list. */
  readonly rule: number;
  readonly holds: boolean;
  /** Whether all of its tests must hold, or one of them. */
  readonly needs: 'all' | 'any';
  /** In the order in which they are written. */
  readonly tests: readonly { readonly field: FieldKey; readonly value: string; readonly holds: boolean }[];
}

/** What somebody gets, and why. */
export interface Verdict {
  readonly grant: Grant;
  /** The place of the first rule that holds in the list; absent where none does, or where that cannot be told. */
  readonly rule?: number;
  /** What the rules look at and nobody knows. While there is anything, the grant is `none`. */
  readonly unknown: readonly FieldKey[];
  /** The rules that were asked: those that were passed over, then the one that holds; with `combine: 'all'` every rule. */
  readonly judged: readonly Judged[];
}

/**
 * The grant of the rule that holds for a person of whom this is believed, or of all that do, else `none`. Unknown is not empty: it may be
 * the very group that keeps a wider rule away, so nothing is granted before everything that any rule looks at is known.
 */
export function verdictOn(believe: (key: FieldKey) => Belief, rules: PermissionRules): Verdict {
  const beliefs = new Map(testedBy(rules).map((key) => [key, believe(key)]));
  const unknown = [...beliefs].filter(([, { kind }]) => kind === 'unknown').map(([key]) => key);
  if (unknown.length > 0) return { grant: rules.none, unknown, judged: [] };
  const has = (key: FieldKey, value: string): boolean => {
    const belief = beliefs.get(key);
    if (belief?.kind !== 'known') return false;
    return typeof belief.value === 'string' ? belief.value === value : belief.value.includes(value);
  };
  const judged: Judged[] = [];
  const granted: Grant[] = [];
  for (const [rule, { when, grant }] of rules.rules.entries()) {
    const one = judge(rule, when, has);
    judged.push(one);
    if (one.holds) granted.push(grant);
    if (one.holds && rules.combine !== 'all') break;
  }
  const first = judged.find(({ holds }) => holds);
  return { grant: joined(granted) ?? rules.none, ...(first && { rule: first.rule }), unknown, judged };
}

/** What several grants without labels open together, lists joined and sorted, so that the order of the rules changes no contact. */
function joined(grants: readonly Grant[]): Grant | undefined {
  if (grants.length < 2) return grants[0];
  const bases = Map.groupBy(
    grants.flatMap(({ knowledgeBases }) => knowledgeBases),
    ({ id }) => id,
  );
  const knowledgeBases = [...bases].map(([id, ones]) => ({
    id,
    files: union(ones.map(({ files }) => files)),
    faqs: union(ones.map(({ faqs }) => faqs)),
  }));
  return { knowledgeBases: knowledgeBases.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

const union = (all: readonly ('all' | string[])[]): 'all' | string[] =>
  all.includes('all') ? 'all' : [...new Set(all.flat())].toSorted();

function judge(rule: number, condition: Condition, has: (key: FieldKey, value: string) => boolean): Judged {
  const tests = testsIn(condition).map((one) => {
    const [field, value] = [keyOf(one), valueOf(one)];
    return { field, value, holds: has(field, value) };
  });
  const needs = 'all' in condition ? 'all' : 'any';
  const holds = needs === 'all' ? tests.every((one) => one.holds) : tests.some((one) => one.holds);
  return { rule, holds, needs, tests };
}

/** The tests of a condition, in the order in which they are written. */
export function testsIn(condition: Condition): readonly Test[] {
  if ('all' in condition) return condition.all;
  return 'any' in condition ? condition.any : [condition];
}

/** The field that a test looks at. */
export function keyOf(one: Test): FieldKey {
  if ('role' in one) return 'roles';
  return 'group' in one ? 'groups' : attributeKey(one.attribute);
}

/** What a test looks for in its field. */
export function valueOf(one: Test): string {
  if ('role' in one) return one.role;
  return 'group' in one ? one.group : one.equals;
}

type QueryLabels = { label_id: string } | { operator: 'AND' | 'OR'; conditions: QueryLabels[] };

/** The grant in MaiAgent's own words (snake_case keys, text booleans: MaiAgent, "api/contact"). */
export function queryMetadataOf(grant: Grant): Record<string, unknown> {
  // "Everything in the base" might win over the labels that are to narrow it: then it is not said.
  const isWhole = grant.labels === undefined;
  const bases = grant.knowledgeBases.map(({ id, files, faqs }) => ({
    knowledge_base_id: id,
    ...(files === 'all' ? {} : { chatbot_file_ids: files }),
    ...(faqs === 'all' ? {} : { faq_ids: faqs }),
    has_user_selected_all: isWhole && files === 'all' && faqs === 'all' ? 'True' : 'False',
  }));
  return { knowledge_bases: bases, ...(grant.labels && { label_relations: queryLabelsOf(grant.labels) }) };
}

function queryLabelsOf(labels: Labels): QueryLabels {
  if ('label' in labels) return { label_id: labels.label };
  return { operator: labels.operator, conditions: labels.conditions.map(queryLabelsOf) };
}
