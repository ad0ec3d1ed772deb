import * as z from 'zod/mini';
import { maxLength, minLength } from './length.ts';
import { uuidSchema } from './id-schemas.ts';

/**
 * MaiAgent's `queryMetadata`: only listed knowledge bases are open (MaiAgent, "json-interfaces"). In an opened base a kind that is not
 * narrowed is open, and an empty list may be read so ("Query Metadata overview"): every kind is `'all'` or at least one id.
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
/** One test of somebody, in a rule and in the audience of a broadcast. */
export const testSchema = z.union([
  z.strictObject({ role: text }),
  z.strictObject({ group: text }),
  z.strictObject({ attribute: text, equals: text }),
]);
/** One test, or several that must all hold, or several of which one must hold. */
const conditionSchema = z.union([
  testSchema,
  z.strictObject({ all: z.array(testSchema).check(minLength(1), maxLength(20)) }),
  z.strictObject({ any: z.array(testSchema).check(minLength(1), maxLength(20)) }),
]);
export type Test = z.infer<typeof testSchema>;
export type Condition = z.infer<typeof conditionSchema>;

/** The rules of a deployment. `none` is required: MaiAgent may read an absent value, `{}` or an empty list as "everything". */
export const permissionRulesSchema = z
  .strictObject({
    none: grantSchema,
    /** What a visitor gets; `none` where it is left out. */
    visitor: z.optional(grantSchema),
    /** Whether the first rule that holds decides, as where it is left out, or all that hold add what they grant. */
    combine: z.optional(z.enum(['first', 'all'])),
    rules: z.array(z.strictObject({ when: conditionSchema, grant: grantSchema })).check(maxLength(200)),
  })
  .check(
    z.superRefine(({ combine, rules }, context) => {
      if (combine !== 'all') return;
      const refuse = (path: (string | number)[], message: string) =>
        context.addIssue({ code: 'custom', path, message });
      for (const [rule, { grant }] of rules.entries())
        if (grant.labels)
          refuse(
            ['rules', rule, 'grant', 'labels'],
            'must not be there with combine: all, because labels narrow the whole query',
          );
      if (JSON.stringify(rules.map(({ grant }) => grant)).length > GRANT_LENGTH_MAX)
        refuse(['rules'], 'must grant less with combine: all: 64 KiB at most for all grants together');
    }),
  );
export type PermissionRules = z.infer<typeof permissionRulesSchema>;

/** Labels, and conditions over them. */
export type Labels = z.infer<typeof labelLeaf> | { operator: 'AND' | 'OR'; conditions: Labels[] };
