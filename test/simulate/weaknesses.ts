import type { Story } from './story.ts';

type Weakness = NonNullable<Story['weakness']>;

/**
 * Ways to break one protection of the protocol each, by changing what is written to the table. They show that the simulation would
 * find the mistake: a simulation that finds nothing proves nothing.
 */
export const weaknesses = {
  'a lease that everybody gets': (boundary, input) =>
    replaced(input, boundary === 'table:acquire' || boundary === 'table:want+lease', {
      'attribute_not_exists(leaseOwner)': 'attribute_exists(pk)',
      'leaseOwner = :formerOwner AND leaseUntil < :now': ':formerOwner <> :now',
    }),
  'a lease that ends with a request under way': (boundary, input) => {
    const { UpdateExpression = '', ...rest } = input;
    const isKept = boundary === 'table:give-up' && !UpdateExpression.includes('#leaseOwner');
    const names = { '#owner': 'leaseOwner', '#until': 'leaseUntil', '#unacknowledged': 'unacknowledged' };
    if (!isKept) return input;
    const before = (rest as { ExpressionAttributeNames?: object }).ExpressionAttributeNames;
    return {
      ...rest,
      UpdateExpression: `${UpdateExpression} REMOVE ${Object.keys(names).join(', ')}`,
      ExpressionAttributeNames: { ...before, ...names },
    };
  },
  'a change that nobody reads again': (boundary, input) =>
    replaced(input, boundary.startsWith('table:want'), { 'revision = :read': ':read = :read' }),
  'a confirmation of what is no longer wanted': (boundary, input) =>
    replaced(input, boundary.startsWith('table:confirm'), { 'wantedHash = :sent': ':sent = :sent' }),
} satisfies Record<string, Weakness>;

type Input = Parameters<Weakness>[1];

function replaced(input: Input, applies: boolean, changes: Readonly<Record<string, string>>): Input {
  const { ConditionExpression: before = '' } = input;
  if (!applies) return input;
  const after = Object.entries(changes).reduce((text, [from, to]) => text.replace(from, to), before);
  return after === before ? input : { ...input, ConditionExpression: after };
}
