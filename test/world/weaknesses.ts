import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import type { TableInput } from './boundaries.ts';

/** What a call to the tables says, as far as it can be weakened. */
export type WeakInput = Omit<TableInput, 'TransactItems'> & { readonly TransactItems?: TransactWriteItem[] };

/** A bridge that is weaker on purpose, in what it writes to the tables or in what it takes for MaiAgent's answer. */
export interface Weakness {
  readonly table?: (boundary: string, input: WeakInput) => WeakInput;
  readonly maiAgent?: (boundary: string, transport: Transport) => Transport;
}

/**
 * Ways to break one protection of the protocol each. They show that the simulation would find the mistake: a simulation that finds
 * nothing proves nothing.
 */
export const weaknesses: Readonly<Record<string, Weakness>> = {
  'a lease that everybody gets': {
    table: (boundary, input) =>
      replaced(input, boundary === 'table:acquire' || boundary === 'table:want+lease', {
        'attribute_not_exists(leaseOwner)': 'attribute_exists(pk)',
        'leaseOwner = :formerOwner AND leaseUntil < :now': ':formerOwner <> :now',
      }),
  },
  'a lease that ends with a request under way': {
    table: (boundary, input) => {
      const { UpdateExpression = '', ...rest } = input;
      const isKept = boundary === 'table:give-up' && !UpdateExpression.includes('#leaseOwner');
      const names = { '#owner': 'leaseOwner', '#until': 'leaseUntil', '#openRequests': 'openRequests' };
      if (!isKept) return input;
      const before = (rest as { ExpressionAttributeNames?: object }).ExpressionAttributeNames;
      return {
        ...rest,
        UpdateExpression: `${UpdateExpression} REMOVE ${Object.keys(names).join(', ')}`,
        ExpressionAttributeNames: { ...before, ...names },
      };
    },
  },
  'a change that nobody reads again': {
    table: (boundary, input) =>
      replaced(input, boundary.startsWith('table:want'), { 'revision = :read': ':read = :read' }),
  },
  'a confirmation of what is no longer wanted': {
    table: (boundary, input) =>
      replaced(input, boundary.startsWith('table:confirm'), { 'desiredHash = :sent': ':sent = :sent' }),
  },
};

/** The same of broadcasts: only a story that has some can find them. */
export const broadcastWeaknesses: Readonly<Record<string, Weakness>> = {
  'a claim that does not look at its run': {
    table: (boundary, input) => unchecked(input, boundary, 'Broadcasts'),
  },
  'a claim that does not look at its recipients': {
    table: (boundary, input) => unchecked(input, boundary, 'Links'),
  },
  'a lost reply that is taken for a refusal': {
    maiAgent: (boundary, transport) =>
      boundary === 'maiagent:broadcast' && transport.kind === 'reply-lost' ? { kind: 'not-sent' } : transport,
  },
};

function replaced(input: WeakInput, applies: boolean, changes: Readonly<Record<string, string>>): WeakInput {
  const { ConditionExpression: before = '' } = input;
  if (!applies) return input;
  const after = Object.entries(changes).reduce((text, [from, to]) => text.replace(from, to), before);
  return after === before ? input : { ...input, ConditionExpression: after };
}

/** A claim without its checks of one table. */
function unchecked(input: WeakInput, boundary: string, table: string): WeakInput {
  const { TransactItems = [] } = input;
  if (boundary !== 'table:claim') return input;
  return { ...input, TransactItems: TransactItems.filter(({ ConditionCheck }) => ConditionCheck?.TableName !== table) };
}
