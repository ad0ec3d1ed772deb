import * as z from 'zod/mini';
import { canonicalJson } from '../canonical.ts';
import { maxLength, minLength } from '../length.ts';
import { uuidSchema } from '../uuid.ts';
import type { Belief } from './believe.ts';
import { attributeKey, type FieldKey } from './told.ts';

/**
 * MaiAgent's `queryMetadata`: what a contact may query. Only listed knowledge bases are open (MaiAgent, "json-interfaces").
 * Inside an opened base a kind that is not narrowed is open, and an empty list may be read as "not narrowed"
 * ("Query Metadata overview"), so this shape has no empty lists: every kind is `'all'` or a list with at least one id.
 */
const idsOrAll = z.union([z.literal('all'), z.array(uuidSchema).check(minLength(1), maxLength(1000))]);

const knowledgeBase = z.strictObject({
  /** The knowledge base at MaiAgent. */
  id: uuidSchema,
  /** Which files of it may be queried. */
  files: idsOrAll,
  /** Which FAQs of it may be queried. */
  faqs: idsOrAll,
});

const labelLeaf = z.strictObject({ label: uuidSchema });

/** A condition over labels, nested at most three deep. */
const labelNode = nest(nest(nest(labelLeaf)));

function nest<Inner extends z.core.$ZodType>(inner: Inner) {
  const conditions = z.array(z.union([labelLeaf, inner])).check(minLength(1), maxLength(50));
  return z.strictObject({ operator: z.enum(['AND', 'OR']), conditions });
}

/** A link holds the grant beside what every source said, and an item of the table holds 400 KB. */
const GRANT_LENGTH_MAX = 65_536;

/** What one rule gives: at least one knowledge base, narrowed further by labels where wanted. */
export const grantSchema = z
  .strictObject({
    knowledgeBases: z.array(knowledgeBase).check(minLength(1), maxLength(100)),
    labels: z.optional(labelNode),
  })
  .check(
    z.refine((grant) => JSON.stringify(grant).length <= GRANT_LENGTH_MAX, 'is too long as a whole: 64 KiB at most'),
  );
export type Grant = z.infer<typeof grantSchema>;

const text = z.string().check(minLength(1), maxLength(256));
const test = z.union([
  z.strictObject({ role: text }),
  z.strictObject({ group: text }),
  z.strictObject({ attribute: text, equals: text }),
]);
/** One test, or several that must all hold, or several of which one must hold. */
const conditionSchema = z.union([
  test,
  z.strictObject({ all: z.array(test).check(minLength(1), maxLength(20)) }),
  z.strictObject({ any: z.array(test).check(minLength(1), maxLength(20)) }),
]);
type Test = z.infer<typeof test>;
export type Condition = z.infer<typeof conditionSchema>;

/**
 * The permission rules of a deployment. The first rule whose condition holds decides; a person for whom none holds gets `none`.
 * `none` is required: MaiAgent may read an absent value, `{}` or an empty list as "everything".
 */
export const permissionRulesSchema = z.strictObject({
  none: grantSchema,
  /** What a visitor gets; `none` where it is left out. */
  visitor: z.optional(grantSchema),
  rules: z.array(z.strictObject({ when: conditionSchema, grant: grantSchema })).check(maxLength(200)),
});
export type PermissionRules = z.infer<typeof permissionRulesSchema>;

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
  /** The place of the rule that holds in the list; absent where none does, or where that cannot be told. */
  readonly rule?: number;
  /** What the rules look at and nobody knows. While there is anything, the grant is `none`. */
  readonly unknown: readonly FieldKey[];
  /** The rules that were asked: those that were passed over, then the one that holds. */
  readonly judged: readonly Judged[];
}

/**
 * The grant of the first rule that holds for a person of whom this is believed, else `none`. Unknown is not empty: what did not come
 * may be the very group that keeps a wider rule away, so that nothing is granted before everything that any rule looks at is known.
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
  for (const [rule, { when, grant }] of rules.rules.entries()) {
    const one = judge(rule, when, has);
    judged.push(one);
    if (one.holds) return { grant, rule, unknown, judged };
  }
  return { grant: rules.none, unknown, judged };
}

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

function valueOf(one: Test): string {
  if ('role' in one) return one.role;
  return 'group' in one ? one.group : one.equals;
}

type Labels = z.infer<typeof labelLeaf> | { operator: 'AND' | 'OR'; conditions: Labels[] };
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

/**
 * True if somebody with the first `queryMetadata` may query something that somebody with the second one may not. What cannot be
 * compared counts as a loss. It orders work and displays plans; it never decides whether an id may be handed out (decision 0002).
 */
export function losesAnything(before: unknown, after: unknown): boolean {
  if (canonicalJson(before) === canonicalJson(after)) return false;
  const [from, to] = [openedBy(before), openedBy(after)];
  if (!from || !to) return true;
  // Labels narrow the whole grant, and nobody knows by how much.
  if (to.labels !== undefined && canonicalJson(from.labels) !== canonicalJson(to.labels)) return true;
  return [...from.bases].some(([id, base]) => {
    const left = to.bases.get(id);
    return !left || !isWithin(base.files, left.files) || !isWithin(base.faqs, left.faqs);
  });
}

type Ids = 'all' | readonly string[];
interface Base {
  readonly files: Ids;
  readonly faqs: Ids;
}

const isWithin = (some: Ids, all: Ids): boolean =>
  all === 'all' || (some !== 'all' && some.every((id) => all.includes(id)));

/** What a `queryMetadata` of the bridge opens (`queryMetadataOf`), or `undefined` for one of another form. */
function openedBy(queryMetadata: unknown): { bases: ReadonlyMap<string, Base>; labels: unknown } | undefined {
  if (!isObject(queryMetadata) || !Array.isArray(queryMetadata['knowledge_bases'])) return undefined;
  const bases = new Map<string, Base>();
  for (const one of queryMetadata['knowledge_bases'] as unknown[]) {
    if (!isObject(one) || typeof one['knowledge_base_id'] !== 'string') return undefined;
    const [files, faqs] = [idsOf(one['chatbot_file_ids']), idsOf(one['faq_ids'])];
    if (!files || !faqs) return undefined;
    bases.set(one['knowledge_base_id'], { files, faqs });
  }
  return { bases, labels: queryMetadata['label_relations'] };
}

function idsOf(ids: unknown): Ids | undefined {
  if (ids === undefined) return 'all';
  return Array.isArray(ids) && ids.every((id) => typeof id === 'string') ? ids : undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
