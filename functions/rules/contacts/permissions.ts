import * as z from 'zod/mini';
import { maxLength, minLength } from '../length.ts';
import { uuidSchema } from '../uuid.ts';

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
type Condition = z.infer<typeof conditionSchema>;

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

/** What a person brings to the rules. */
export interface Standing {
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

/** The grant of the first rule that holds for this person, else `none`. */
export function grantFor(standing: Standing, rules: PermissionRules): Grant {
  return rules.rules.find((rule) => holds(rule.when, standing))?.grant ?? rules.none;
}

function holds(condition: Condition, standing: Standing): boolean {
  if ('all' in condition) return condition.all.every((one) => passes(one, standing));
  if ('any' in condition) return condition.any.some((one) => passes(one, standing));
  return passes(condition, standing);
}

function passes(one: Test, { roles, groups, attributes }: Standing): boolean {
  if ('role' in one) return roles.includes(one.role);
  if ('group' in one) return groups.includes(one.group);
  return Object.hasOwn(attributes, one.attribute) && attributes[one.attribute] === one.equals;
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
