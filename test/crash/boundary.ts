import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { HttpRequest } from '../../functions/io/https.ts';

/** What may befall one call. "Effect" is what the call does at the table or at MaiAgent. */
export type Fault =
  /** The caller dies before the call: no effect, and nothing of the caller runs any more. */
  | 'kill-before'
  /** The effect happens, and the caller dies before it learns of it. */
  | 'kill-after'
  /** No effect, and the caller knows: the connection could not be made, and no retry helped. */
  | 'fail'
  /** No effect, and the caller cannot know (MaiAgent). */
  | 'drop'
  /** The effect happens and its acknowledgement is lost. The SDK sends a write to the table again; a call to MaiAgent ends as lost. */
  | 'lose-ack'
  /** The effect happens, and the caller gets an error (table). */
  | 'fail-after'
  /**
   * Table: the call takes effect only when the lease is over and others have been here, and the caller goes on then. MaiAgent: the
   * caller has given up, and the effect happens later, within the lease, whose length is there for that.
   */
  | 'hold'
  /** The effect happens; the caller is frozen with the answer in hand until the lease is over and others have been here. */
  | 'freeze'
  /** The effect happens, and long after the same bytes arrive once more: a retry by the SDK whose first try was not dead (table). */
  | 'echo';

const reads = new Set(['table:read', 'table:due', 'maiagent:search', 'maiagent:list', 'maiagent:retrieve']);

/** The faults that can make a difference at a boundary: a read has no effect that could happen without its answer. */
export function faultsAt(boundary: string): readonly Fault[] {
  const isTable = boundary.startsWith('table:');
  if (reads.has(boundary))
    return isTable ? ['kill-before', 'fail', 'freeze'] : ['kill-before', 'fail', 'drop', 'freeze'];
  return isTable
    ? ['kill-before', 'kill-after', 'fail', 'fail-after', 'lose-ack', 'hold', 'freeze', 'echo']
    : ['kill-before', 'kill-after', 'fail', 'drop', 'lose-ack', 'hold', 'freeze'];
}

/** Every boundary that the jobs under test are known to have. A call that is none of these has no fault tests yet. */
export const knownBoundaries: readonly string[] = [
  ...reads,
  'table:want',
  'table:want+lease',
  'table:accept',
  'table:acquire',
  'table:bind',
  'table:bind-created',
  'table:hold',
  'table:confirm',
  'table:confirm-outdated',
  'table:give-up',
  'table:remove-former-contact',
  'table:lost',
  'table:drifted',
  'table:rest',
  'maiagent:create',
  'maiagent:update',
  'maiagent:remove',
];

/** The SDK's input of one command, as far as its name needs it. */
export interface TableInput {
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Readonly<Record<string, { readonly S?: string }>>;
  readonly TransactItems?: TransactWriteItem[];
}

/** The name of a call to the table: what it does to a link, told by what it sets. */
export function tableBoundary(command: string, input: TableInput): string {
  if (command === 'GetItemCommand') return 'table:read';
  if (command === 'QueryCommand') return 'table:due';
  if (command === 'TransactWriteItemsCommand') return transactionBoundary(input);
  const { UpdateExpression = '', ConditionExpression = '' } = input;
  const [set = '', remove = ''] = UpdateExpression.split(/ ?REMOVE /);
  const sets = (name: string): boolean => set.includes(`#${name} = `);
  if (command !== 'UpdateItemCommand') return `table:${command}`;
  if (sets('reports')) return sets('leaseOwner') ? 'table:want+lease' : 'table:want';
  if (sets('leaseOwner')) return 'table:acquire';
  if (sets('holder')) return 'table:hold';
  if (sets('confirmedHash')) return sets('dueAt') ? 'table:confirm-outdated' : 'table:confirm';
  if (sets('lastError')) return 'table:give-up';
  if (sets('generation')) return 'table:lost';
  if (ConditionExpression.includes('formerContacts = :')) return 'table:remove-former-contact';
  if (remove.includes('#confirmedHash')) return 'table:drifted';
  return remove.includes('#dueAt') && !sets('dueAt') ? 'table:rest' : `table:${UpdateExpression}`;
}

/** A binding is committed with the row of the contact's holder, a change with the receipt of its event. */
function transactionBoundary({ TransactItems = [] }: TableInput): string {
  const [first] = TransactItems;
  const { UpdateExpression = '' } = first?.Update ?? {};
  if (!UpdateExpression.includes('#contactId = ')) return 'table:accept';
  return UpdateExpression.includes('#confirmedHash = ') ? 'table:bind-created' : 'table:bind';
}

/** The owner of the lease that a write takes, if it takes one. */
export function leaseIn({ UpdateExpression = '', ExpressionAttributeValues = {} }: TableInput): string | undefined {
  const placeholder = /#leaseOwner = (:\w+)/.exec(UpdateExpression)?.[1];
  return placeholder === undefined ? undefined : ExpressionAttributeValues[placeholder]?.S;
}

const names: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'update', DELETE: 'remove', GET: 'retrieve' };

/** The name of a call to MaiAgent. */
export function maiAgentBoundary({ method, url }: HttpRequest): string {
  if (method === 'GET' && url.pathname.endsWith('/contacts/'))
    return url.searchParams.has('query') ? 'maiagent:search' : 'maiagent:list';
  return `maiagent:${names[method] ?? method}`;
}
