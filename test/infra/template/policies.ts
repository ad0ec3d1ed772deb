import { readable, type Resource } from '../synthesized.ts';

export type Resources = Readonly<Record<string, Resource>>;

/** Who may do what: `action resource`, as a person writes them, by the logical id of the role. */
export type Rights = ReadonlyMap<string, ReadonlySet<string>>;

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: { readonly Service?: string | readonly string[]; readonly AWS?: unknown };
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

/** The resources of one type, each with its logical id and its properties as a person writes them. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the type says which properties there are
export function each<Properties>(resources: Resources, type: string): { id: string; properties: Properties }[] {
  return Object.entries(resources)
    .filter(([, { Type }]) => Type === type)
    .map(([id, { Properties }]) => ({ id, properties: readable(Properties ?? {}) as Properties }));
}

/** A logical id as `readable` shows it. */
export const plain = (logicalId: string): string => String(readable({ Ref: logicalId }));

export const listOf = <One>(one: One | readonly One[] | undefined): readonly One[] =>
  one === undefined ? [] : Array.isArray(one) ? (one as readonly One[]) : [one as One];

/** Every right that an identity policy of the template gives. */
export function grants(resources: Resources): Rights {
  const rights = new Map<string, Set<string>>();
  const policies = each<{ Roles: string[]; PolicyDocument: { Statement: Statement[] } }>(resources, 'AWS::IAM::Policy');
  for (const { properties } of policies) {
    for (const role of properties.Roles) {
      const own = rights.get(role) ?? new Set();
      rights.set(role, own);
      for (const statement of properties.PolicyDocument.Statement)
        for (const action of listOf(statement.Action))
          // Where a stage names its account and region, they stand in the ARN of its schedules, and elsewhere a name of AWS's.
          for (const resource of listOf(statement.Resource))
            own.add(`${action} ${resource.replace(/^arn:.*:(?=schedule\/)/, '')}`);
    }
  }
  return rights;
}

/** What one side has and the other has not, as sentences. */
export function missing(from: Rights, in_: Rights, says: (role: string, right: string) => string): string[] {
  return [...from].flatMap(([role, rights]) =>
    [...rights].filter((right) => !in_.get(role)?.has(right)).map((right) => says(role, right)),
  );
}
