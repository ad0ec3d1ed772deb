import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { HttpRequest } from '../../../functions/io/https.ts';
import type { Fault } from '../boundary.ts';
import type { PlainRow } from './ground.ts';

const reads = [
  'table:read-broadcast',
  'table:read-run',
  'table:read-batch',
  'table:audience',
  'table:by-contact',
  'table:everyone',
  'table:due',
  'table:runs',
  'table:counts',
  'table:batches',
  'table:list',
  'maiagent:conversations',
  'maiagent:messages',
  'maiagent:latest',
  'maiagent:list',
];

/** Every boundary that broadcasts are known to have. A call that is none of these has no fault tests yet. */
export const knownBroadcastBoundaries: readonly string[] = [
  ...reads,
  'table:create',
  'table:cancel',
  'table:scheduled',
  'table:unscheduled',
  'table:unheard',
  'table:missed',
  'table:over',
  'table:start',
  'table:turn',
  'table:hear-cancel',
  'table:expire',
  'table:plan-page',
  'table:plan-nobody',
  'table:plan',
  'table:claim',
  'table:report',
  'table:give-back',
  'table:settle',
  'table:end-recipients',
  'table:leave',
  'table:end',
  'maiagent:broadcast',
  'scheduler:make',
  'scheduler:remove',
];

/** The faults that can make a difference there. A call to EventBridge Scheduler suffers what a write suffers: the SDK makes both. */
export function broadcastFaultsAt(boundary: string): readonly Fault[] {
  const isMaiAgent = boundary.startsWith('maiagent:');
  if (reads.includes(boundary))
    return isMaiAgent ? ['kill-before', 'fail', 'drop', 'freeze'] : ['kill-before', 'fail', 'freeze'];
  return isMaiAgent
    ? ['kill-before', 'kill-after', 'fail', 'drop', 'lose-ack', 'hold', 'freeze']
    : ['kill-before', 'kill-after', 'fail', 'fail-after', 'lose-ack', 'hold', 'freeze', 'echo'];
}

type Item = Record<string, AttributeValue>;

/** The SDK's input of one command, as far as its name needs it. */
export interface BroadcastInput {
  readonly Key?: Item;
  readonly IndexName?: string;
  readonly ExpressionAttributeValues?: Item;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly TransactItems?: readonly {
    readonly Put?: { readonly Item?: Item; readonly ConditionExpression?: string };
    readonly ConditionCheck?: unknown;
  }[];
}

/** A row that a transaction writes, as it is afterwards. */
export interface WrittenRow {
  readonly row: PlainRow;
  readonly isNew: boolean;
}

/** The rows that a transaction puts. */
export function writtenRows({ TransactItems = [] }: BroadcastInput): readonly WrittenRow[] {
  return TransactItems.flatMap(({ Put }) =>
    Put?.Item
      ? [
          {
            row: unmarshall(Put.Item) as PlainRow,
            isNew: Put.ConditionExpression?.includes('attribute_not_exists') ?? false,
          },
        ]
      : [],
  );
}

/**
 * The name of a call to the tables: what it reads, or what it does to a broadcast, a run or a batch, told by the rows that it leaves.
 * `isClaimant`: this invocation has claimed the batch itself, so that what it writes of it is what it was answered. `hasTurn`: it has
 * this turn of the run, so that what it writes of it is not the turn; where nobody knows, a planning page without recipients is a turn.
 */
export function broadcastTableBoundary(
  command: string,
  input: BroadcastInput,
  isClaimant: (key: string) => boolean,
  hasTurn?: (turn: string) => boolean,
): string {
  switch (command) {
    case 'GetItemCommand':
      return `table:read-${input.Key?.['sk']?.S?.split('#')[0] ?? 'link'}`;
    case 'QueryCommand':
      return queryBoundary(input);
    case 'BatchGetItemCommand':
      return input.RequestItems?.['Links'] ? 'table:audience' : 'table:list';
    case 'ScanCommand':
      return 'table:everyone';
    case 'TransactWriteItemsCommand':
      return `table:${writeName(input, isClaimant, hasTurn)}`;
    default:
      return `table:${command}`;
  }
}

const queries: Readonly<Record<string, string>> = { 'run#': 'runs', 'tally#': 'counts', 'batch#': 'batches' };

function queryBoundary({ IndexName, ExpressionAttributeValues = {} }: BroadcastInput): string {
  if (IndexName === 'Due') return 'table:due';
  if (IndexName === 'Listed') return 'table:list';
  if (IndexName === 'ByContact') return 'table:by-contact';
  const prefix = ExpressionAttributeValues[':prefix']?.S ?? '';
  return `table:${queries[prefix] ?? `query ${prefix}`}`;
}

function writeName(
  input: BroadcastInput,
  isClaimant: (key: string) => boolean,
  hasTurn?: (turn: string) => boolean,
): string {
  if (input.TransactItems?.some(({ ConditionCheck }) => ConditionCheck)) return 'claim';
  const written = writtenRows(input);
  const of = (kind: string) => written.find(({ row }) => row.sk.startsWith(kind));
  const [broadcast, run, batch] = [of('broadcast'), of('run#'), of('batch#')];
  if (broadcast?.isNew) return 'create';
  if (run?.isNew) return 'start';
  if (run && batch) return run.row.isPlanned ? 'plan' : 'plan-page';
  if (run) return runWrite(run, broadcast !== undefined, hasTurn);
  if (batch) return batchWrite(batch.row, isClaimant(keyOf(batch.row)));
  return broadcast ? broadcastWrite(broadcast.row) : 'nothing';
}

/** What names one batch. */
export const keyOf = ({ pk, sk }: PlainRow): string => `${pk} ${sk}`;
/** What names one worker's turn of a run. */
export const turnOf = (run: PlainRow): string => `${keyOf(run)} ${run.leaseUntil}`;

function runWrite({ row }: WrittenRow, isWithBroadcast: boolean, hasTurn?: (turn: string) => boolean): string {
  if (row.endedAtMs !== undefined) return 'end';
  if (isWithBroadcast) return 'cancel';
  if (row.leaseUntil === undefined) return 'leave';
  if (row.dueAt !== row.leaseUntil) return 'hear-cancel';
  const isExpired = row.state === 'expired';
  if (!(hasTurn?.(turnOf(row)) ?? isExpired)) return 'turn';
  return isExpired ? 'expire' : 'plan-nobody';
}

function broadcastWrite(row: PlainRow): string {
  if (row.state === 'done' || row.state === 'failed') return 'over';
  if (row.outstanding !== undefined && row.attempts !== undefined) return 'unheard';
  if (row.state === 'cancelled') {
    const isNow = row.schedule?.kind === 'now';
    return row.outstanding !== undefined || isNow ? 'cancel' : 'unscheduled';
  }
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

/** The name of a call to MaiAgent. */
export function broadcastMaiAgentBoundary({ url }: HttpRequest): string {
  if (url.pathname.endsWith('/contacts/')) return 'maiagent:list';
  const names = ['broadcast-message', 'latest', 'conversations', 'messages'];
  const name = names.find((one) => url.pathname.includes(`/${one}/`));
  return `maiagent:${name?.replace('-message', '') ?? url.pathname}`;
}
