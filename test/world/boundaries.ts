import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { HttpRequest } from '../../functions/io/https.ts';
import { PAUSE_KEY } from '../../functions/io/maiagent/pause.ts';

/** Who is called, and whether the call has an effect that could happen without its answer. */
export type Kind = `${'table' | 'maiagent' | 'scheduler' | 'store'} ${'read' | 'write'}`;

/**
 * Every boundary that the jobs are known to cross. A new call fails the tests of its stories until it has a row here, and a name in
 * `tableBoundary` or `maiAgentBoundary`; then every fault that is possible there strikes it.
 */
export const boundaries: Readonly<Record<string, Kind>> = {
  // Links.
  'table:read': 'table read',
  'table:due': 'table read',
  'table:want': 'table write',
  'table:want+lease': 'table write',
  'table:accept': 'table write',
  'table:acquire': 'table write',
  'table:bind': 'table write',
  'table:bind-created': 'table write',
  'table:hold': 'table write',
  'table:claim-contact': 'table write',
  'table:give-contact-back': 'table write',
  'table:confirm': 'table write',
  'table:confirm-outdated': 'table write',
  'table:give-up': 'table write',
  'table:remove-former-contact': 'table write',
  'table:erased-contact': 'table write',
  'table:found-contact': 'table write',
  'table:lost': 'table write',
  'table:drifted': 'table write',
  'table:rest': 'table write',
  // Visitors.
  'table:spend': 'table write',
  'table:promote': 'table write',
  // The evaluation under other settings, whose pages are read like the audit's.
  'table:read-segment': 'table read',
  'table:move-segment': 'table write',
  // The pass through the records of deleted people.
  'table:read-pass': 'table read',
  'table:move-pass': 'table write',
  'table:strike': 'table write',
  'table:postpone': 'table write',
  // The users who are to be read from their store.
  'table:due-reads': 'table read',
  'table:own-read': 'table read',
  'table:ask-read': 'table write',
  'table:take-read': 'table write',
  'table:end-read': 'table write',
  'table:free-read': 'table write',
  'table:put-off-read': 'table write',
  'store:token': 'store read',
  'store:user': 'store read',
  'store:groups': 'store read',
  'store:roles': 'store read',
  // The quarantine.
  'table:keep': 'table write',
  'table:explain': 'table write',
  'table:close': 'table write',
  // The audit.
  'table:everyone': 'table read',
  // The pause that all bulk work keeps.
  'table:read-pause': 'table read',
  'table:pause': 'table write',
  'table:take-probe': 'table write',
  'table:lift': 'table write',
  // Broadcasts.
  'table:read-broadcast': 'table read',
  'table:read-run': 'table read',
  'table:read-batch': 'table read',
  'table:audience': 'table read',
  'table:by-contact': 'table read',
  'table:runs': 'table read',
  'table:counts': 'table read',
  'table:batches': 'table read',
  'table:list': 'table read',
  'table:create': 'table write',
  'table:cancel': 'table write',
  'table:edit': 'table write',
  'table:pause-broadcast': 'table write',
  'table:scheduled': 'table write',
  'table:unscheduled': 'table write',
  'table:unheard': 'table write',
  'table:missed': 'table write',
  'table:over': 'table write',
  'table:start': 'table write',
  'table:turn': 'table write',
  'table:hear-cancel': 'table write',
  'table:expire': 'table write',
  'table:plan-page': 'table write',
  'table:plan-nobody': 'table write',
  'table:plan': 'table write',
  'table:claim': 'table write',
  'table:report': 'table write',
  'table:give-back': 'table write',
  'table:settle': 'table write',
  'table:end-recipients': 'table write',
  'table:leave': 'table write',
  'table:end': 'table write',
  'table:learn': 'table write',
  'scheduler:make': 'scheduler write',
  'scheduler:remove': 'scheduler write',
  // MaiAgent.
  'maiagent:search': 'maiagent read',
  'maiagent:list': 'maiagent read',
  'maiagent:retrieve': 'maiagent read',
  'maiagent:create': 'maiagent write',
  'maiagent:update': 'maiagent write',
  'maiagent:claim': 'maiagent write',
  'maiagent:remove': 'maiagent write',
  'maiagent:broadcast': 'maiagent write',
  'maiagent:conversations': 'maiagent read',
  'maiagent:messages': 'maiagent read',
  'maiagent:latest': 'maiagent read',
};

type Item = Record<string, AttributeValue>;

/** The SDK's input of one command, as far as its name needs it. */
export interface TableInput {
  readonly Key?: Item;
  readonly IndexName?: string;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Item;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly TransactItems?: readonly {
    readonly Put?: { readonly TableName?: string; readonly Item?: Item; readonly ConditionExpression?: string };
    readonly ConditionCheck?: { readonly TableName?: string };
    readonly Update?: { readonly UpdateExpression?: string | undefined };
  }[];
}

/** A row of the table `Broadcasts`, with what the rows of different kinds have. */
export interface PlainRow {
  readonly pk: string;
  readonly sk: string;
  readonly state?: string;
  readonly outstanding?: string;
  readonly lastError?: string;
  readonly schedule?: { readonly kind: string };
  readonly recipients?: unknown;
  readonly claim?: { readonly id: string; readonly at: number; readonly until: number };
  readonly wake?: string;
  readonly dueAt?: number;
  readonly leaseUntil?: number;
  readonly scheduledAtMs?: number;
  readonly createdAtMs?: number;
  readonly endedAtMs?: number;
  readonly expiresAt?: number;
  readonly [other: string]: unknown;
}

/** A row that a transaction writes, as it is afterwards. */
interface WrittenRow {
  readonly row: PlainRow;
  readonly isNew: boolean;
}

/** The rows of `Broadcasts` that a transaction puts. */
export function writtenRows({ TransactItems = [] }: TableInput): readonly WrittenRow[] {
  return TransactItems.flatMap(({ Put: { TableName, Item, ConditionExpression = '' } = {} }) => {
    if (TableName !== 'Broadcasts' || !Item) return [];
    return [{ row: unmarshall(Item) as PlainRow, isNew: ConditionExpression.includes('attribute_not_exists') }];
  });
}

/** What an invocation has done itself, so that what it writes next can be told from what another one would write. */
export interface Past {
  /** Batches that it has claimed: what it writes of them is what it was answered. */
  readonly claimed: ReadonlySet<string>;
  /** Leases of runs that it has taken: what it writes of such a run is not the lease. */
  readonly turns: ReadonlySet<string>;
}

/** The name of a call to the tables: what it reads, or what it does to a link, a broadcast, a run or a batch, told by what it leaves. */
export function tableBoundary(command: string, input: TableInput, past: Past): string {
  switch (command) {
    case 'GetItemCommand': {
      if (input.Key?.['pk']?.S === PAUSE_KEY) return 'table:read-pause';
      if (input.Key?.['pk']?.S === 'erasure') return 'table:read-pass';
      if (input.Key?.['pk']?.S?.startsWith('evaluation#')) return 'table:read-segment';
      if (input.Key?.['pk']?.S?.startsWith('read#')) return 'table:own-read';
      const kind = input.Key?.['sk']?.S?.split('#')[0];
      return kind === undefined ? 'table:read' : `table:read-${kind}`;
    }
    case 'QueryCommand':
      return queryBoundary(input);
    case 'BatchGetItemCommand':
      return input.RequestItems?.['Links'] ? 'table:audience' : 'table:list';
    case 'ScanCommand':
      return 'table:everyone';
    case 'TransactWriteItemsCommand':
      return `table:${transactionName(input, past)}`;
    case 'PutItemCommand':
      return 'table:keep';
    case 'UpdateItemCommand':
      return `table:${linkWrite(input)}`;
    default:
      return `table:${command}`;
  }
}

const queries: Readonly<Record<string, string>> = { 'run#': 'runs', 'tally#': 'counts', 'batch#': 'batches' };

function queryBoundary({ IndexName, ExpressionAttributeValues = {} }: TableInput): string {
  if (IndexName === 'Due')
    return ExpressionAttributeValues[':shard']?.S?.startsWith('reads') ? 'table:due-reads' : 'table:due';
  if (IndexName === 'Listed') return 'table:list';
  if (IndexName === 'ByContact') return 'table:by-contact';
  const prefix = ExpressionAttributeValues[':prefix']?.S ?? '';
  return `table:${queries[prefix] ?? `query ${prefix}`}`;
}

function linkWrite({ Key, UpdateExpression = '', ConditionExpression = '' }: TableInput): string {
  const [set = '', remove = ''] = UpdateExpression.split(/ ?REMOVE /);
  const sets = (name: string): boolean => set.includes(`#${name} = `);
  if (Key?.['pk']?.S?.startsWith('read#')) {
    if (sets('leaseOwner')) return 'take-read';
    if (sets('lastError')) return 'put-off-read';
    if (sets('dueShard')) return 'ask-read';
    return sets('expiresAt') ? 'end-read' : 'free-read';
  }
  if (UpdateExpression === 'SET conversed = :conversed') return 'learn';
  if (sets('pausedUntil')) return ConditionExpression.includes('pausedBy') ? 'take-probe' : 'pause';
  if (remove.includes('#pausedUntil')) return 'lift';
  if (sets('created')) return 'spend';
  if (sets('flaws')) return 'explain';
  if (sets('closedAs')) return 'close';
  if (sets('people')) return 'move-pass';
  if (sets('evaluated')) return 'move-segment';
  if (sets('erasedRecords')) return 'strike';
  if (sets('reports')) return sets('leaseOwner') ? 'want+lease' : 'want';
  if (sets('leaseOwner')) return 'acquire';
  if (sets('claimant')) return 'claim-contact';
  if (sets('holder')) return 'hold';
  if (remove.includes('#claimant')) return 'give-contact-back';
  if (sets('confirmedHash')) return ConditionExpression.includes('desiredHash') ? 'confirm' : 'confirm-outdated';
  if (sets('lastError')) return 'give-up';
  if (sets('generation')) return 'lost';
  if (ConditionExpression.includes('formerContacts = :')) return 'remove-former-contact';
  if (sets('erasedContacts')) return 'erased-contact';
  if (sets('formerContacts')) return 'found-contact';
  if (remove.includes('#confirmedHash')) return 'drifted';
  if (remove.includes('#wake') || (remove.includes('#dueAt') && !sets('dueAt'))) return 'rest';
  return ConditionExpression.includes('erasing = :') ? 'postpone' : UpdateExpression;
}

/** The owner of the lease of a link that a write takes, if it takes one. */
export function leaseIn({ UpdateExpression = '', ExpressionAttributeValues = {} }: TableInput): string | undefined {
  const placeholder = /#leaseOwner = (:\w+)/.exec(UpdateExpression)?.[1];
  return placeholder === undefined ? undefined : ExpressionAttributeValues[placeholder]?.S;
}

function transactionName(input: TableInput, { claimed, turns }: Past): string {
  const written = writtenRows(input);
  if (written.length === 0) return bindingName(input) ?? 'accept';
  if (input.TransactItems?.some(({ ConditionCheck }) => ConditionCheck)) return 'claim';
  const of = (kind: string) => written.find(({ row }) => row.sk.startsWith(kind));
  const [broadcast, run, batch] = [of('broadcast'), of('run#'), of('batch#')];
  if (broadcast?.isNew) return 'create';
  if (run?.isNew) return 'start';
  if (run && batch) return run.row['isPlanned'] ? 'plan' : 'plan-page';
  if (run) return runWrite(run.row, broadcast !== undefined, turns.has(turnOf(run.row)));
  if (batch) return batchWrite(batch.row, claimed.has(keyOf(batch.row)));
  return broadcast ? broadcastWrite(broadcast.row) : 'nothing';
}

/** A binding is committed with the row of the contact's holder, who a visitor is with the user's row, a change with the receipt of its event. */
function bindingName({ TransactItems = [] }: TableInput): string | undefined {
  const expression = TransactItems[0]?.Update?.UpdateExpression ?? '';
  if (expression.includes('#promotedTo = ')) return 'promote';
  if (!expression.includes('#contactId = ')) return undefined;
  return expression.includes('#confirmedHash = ') ? 'bind-created' : 'bind';
}

/** What names one batch. */
export const keyOf = ({ pk, sk }: PlainRow): string => `${pk} ${sk}`;
/** What names one worker's lease of a run. */
export const turnOf = (run: PlainRow): string => `${keyOf(run)} ${run.leaseUntil}`;

function runWrite(row: PlainRow, isWithBroadcast: boolean, hasTurn: boolean): string {
  if (row.endedAtMs !== undefined) return 'end';
  if (isWithBroadcast) return 'cancel';
  if (row.leaseUntil === undefined) return 'leave';
  if (row.dueAt !== row.leaseUntil) return 'hear-cancel';
  if (!hasTurn) return 'turn';
  return row.state === 'expired' ? 'expire' : 'plan-nobody';
}

function broadcastWrite(row: PlainRow): string {
  if (row.state === 'done' || row.state === 'failed') return 'over';
  if (row.outstanding !== undefined && row['attempts'] !== undefined) return 'unheard';
  if (row.state === 'cancelled') {
    const isNow = row.schedule?.kind === 'now';
    return row.outstanding !== undefined || isNow ? 'cancel' : 'unscheduled';
  }
  if (row.state === 'paused') return row.outstanding === undefined ? 'unscheduled' : 'pause-broadcast';
  if (row.outstanding !== undefined) return 'edit';
  return row.lastError?.startsWith('missed') ? 'missed' : 'scheduled';
}

interface Ended {
  readonly state: string;
  readonly at: number;
  readonly reason?: string;
}

function batchWrite(row: PlainRow, isClaimant: boolean): string {
  const recipients = row.recipients as readonly Ended[];
  if (isClaimant) return recipients.some(({ state }) => state === 'planned') && !row.claim ? 'give-back' : 'report';
  const newest = Math.max(...recipients.map(({ at }) => at));
  const isEnd = ({ state, at, reason }: Ended): boolean =>
    at === newest && (state === 'cancelled' || (state === 'skipped' && reason !== 'no_conversation'));
  return recipients.some(isEnd) ? 'end-recipients' : 'settle';
}

const parts = ['broadcast-message', 'latest', 'conversations', 'messages'];
const methods: Readonly<Record<string, string>> = {
  POST: 'create',
  PATCH: 'update',
  DELETE: 'remove',
  GET: 'retrieve',
};

/** The name of a call to a user store, in the words of Keycloak's. */
export function storeBoundary({ url: { pathname } }: HttpRequest): string {
  if (pathname.endsWith('/token')) return 'store:token';
  if (pathname.endsWith('/groups')) return 'store:groups';
  return pathname.includes('/role-mappings/') ? 'store:roles' : 'store:user';
}

/** The only update that says in which inboxes a contact is makes one ours. */
export const isClaim = ({ method, body = '{}' }: Pick<HttpRequest, 'method' | 'body'>): boolean =>
  method === 'PATCH' && 'inboxes' in (JSON.parse(body) as object);

/** The name of a call to MaiAgent. */
export function maiAgentBoundary({ method, url: { pathname, searchParams }, body }: HttpRequest): string {
  const part = parts.find((one) => pathname.includes(`/${one}/`));
  if (part !== undefined) return `maiagent:${part.replace('-message', '')}`;
  if (method === 'GET' && pathname.endsWith('/contacts/'))
    return `maiagent:${searchParams.has('query') ? 'search' : 'list'}`;
  if (isClaim({ method, body })) return 'maiagent:claim';
  return `maiagent:${methods[method] ?? method}`;
}
