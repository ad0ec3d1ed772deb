import type { TransactWriteItem, UpdateItemInput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { BROADCAST, type Broadcast } from '../../rules/broadcasts/broadcast.ts';
import { tally, type Batch, type Recipient } from '../../rules/broadcasts/batch.ts';
import { ledgerKey, type Run } from '../../rules/broadcasts/run.ts';

/** The parts of the transactions that move broadcasts, as data: what each writes or checks, and the condition that decides its race. */

export type Row = Broadcast | Run | Batch;

/** One row before and after. `undefined`: the row is new. */
export interface Change<After extends Row = Row> {
  readonly before: Row | undefined;
  readonly after: After;
}

/** The row that a commit of this change has left. */
export const written = <Kind extends Row>({ before, after }: Change<Kind>): Kind => ({
  ...after,
  revision: (before?.revision ?? 0) + 1,
});

/** Batches of one run, cut by their number, are counted apart: a single count would be written by every lane at once. */
const TALLIES = 8;
/** The sort key of the mark that a broadcast is cancelled. A claim pays by the size of what it checks, and an audience may have 195 KB. */
export const CANCELLED = 'cancelled';
/** The one partition of the index that lists all broadcasts. */
export const LISTED = 'broadcasts';
const OLD = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

/** Two writers that read the same revision: only the first may write. The mark tells a writer whose acknowledgement was lost. */
export function replace(TableName: string, { before, after }: Change, mark: string): TransactWriteItem {
  const condition = before
    ? {
        ConditionExpression: 'revision = :read',
        ExpressionAttributeValues: { ':read': { N: String(before.revision) } },
      }
    : { ConditionExpression: 'attribute_not_exists(pk)' };
  const row = written({ before, after });
  const Item = marshall({ ...row, ...indexed(row), mark }, { removeUndefinedValues: true });
  return { Put: { TableName, Item, ...condition, ...OLD } };
}

/**
 * Since the plan was made a user may have been disabled or have lost something, the contact have become another one, or a visitor a user,
 * who may be excepted, disabled, or in the plan too; and a visitor who is excepted may have become this user.
 */
export function linkIsAsPlanned(
  TableName: string,
  { pk = '', contactId = '', visitors }: Recipient,
  nowMs: number,
): TransactWriteItem {
  const noMore = visitors ? 'size(visitors) = :visitors' : 'attribute_not_exists(visitors)';
  const isAsPlanned =
    'accountStatus = :active AND contactId = :contact AND attribute_not_exists(promotedTo) AND (attribute_not_exists(withheldUntil) OR withheldUntil <= :now)';
  return {
    ConditionCheck: {
      TableName,
      Key: { pk: { S: pk } },
      ConditionExpression: visitors === undefined ? isAsPlanned : `${isAsPlanned} AND ${noMore}`,
      ExpressionAttributeValues: {
        ':active': { S: 'active' },
        ':contact': { S: contactId },
        ':now': { N: String(nowMs) },
        ...(visitors && { ':visitors': { N: String(visitors) } }),
      },
      ...OLD,
    },
  };
}

/**
 * What was learned of a contact's conversations. It changes nothing that a decision is made by, so it takes no part in the order of a link's
 * writes: of two at once either may stay. A link that has another contact by now, or was deleted, learns nothing.
 */
export function conversed(TableName: string, { pk, contactId, has }: Learned, nowMs: number): UpdateItemInput {
  return {
    TableName,
    Key: { pk: { S: pk } },
    UpdateExpression: 'SET conversed = :conversed',
    ConditionExpression: 'contactId = :contact AND accountStatus <> :deleted',
    ExpressionAttributeValues: marshall({
      ':conversed': { contactId, has, at: nowMs },
      ':contact': contactId,
      ':deleted': 'deleted',
    }),
  };
}

/** Whether the contact of a link has a conversation. */
export interface Learned {
  readonly pk: string;
  readonly contactId: string;
  readonly has: boolean;
}

/** A cancel commits before this transaction or after it, never at the same time. Its mark is read, because the row has the audience in it. */
export function mayClaim(TableName: string, { pk, sk }: Run): TransactWriteItem[] {
  const mayStill = {
    TableName,
    Key: { pk: { S: pk }, sk: { S: sk } },
    ConditionExpression: '#state = :sending',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':sending': { S: 'sending' } },
  };
  const isNotCancelled = {
    TableName,
    Key: { pk: { S: pk }, sk: { S: CANCELLED } },
    ConditionExpression: 'attribute_not_exists(pk)',
  };
  return [{ ConditionCheck: mayStill }, { ConditionCheck: isNotCancelled }];
}

/** What else is written: the counts of batches, the mark of a cancelled broadcast, and the time at which a run's counts expire with it. */
export function tallies(TableName: string, changes: readonly Change[]): TransactWriteItem[] {
  const moves = new Map<string, { pk: string; sk: string; by: Record<string, number> }>();
  for (const { before, after } of changes) {
    if (!isBatch(after)) continue;
    const sk = tallyKey(Number(after.sk.slice(-7)));
    const move = moves.get(sk) ?? { pk: after.pk, sk, by: {} };
    const old = before && isBatch(before) ? tally(before) : undefined;
    for (const [state, count] of Object.entries(tally(after)))
      move.by[state] = (move.by[state] ?? 0) + count - (old?.[state as keyof typeof old] ?? 0);
    moves.set(sk, move);
  }
  const expiring = changes.flatMap(({ before, after }) =>
    isRun(after) && after.expiresAt !== undefined && !(before as Run | undefined)?.expiresAt ? [after] : [],
  );
  return [
    ...[...moves.values()].flatMap(({ pk, sk, by }) => addition(TableName, pk, sk, by)),
    ...expiring.flatMap((run) => expiry(TableName, run)),
    ...changes.flatMap(({ after }) => {
      if (!('state' in after) || after.sk !== BROADCAST || after.state !== 'cancelled') return [];
      const { pk, expiresAt } = after;
      return [
        { Put: { TableName, Item: marshall({ pk, sk: CANCELLED, expiresAt }, { removeUndefinedValues: true }) } },
      ];
    }),
  ];
}

function addition(
  TableName: string,
  pk: string,
  sk: string,
  by: Readonly<Record<string, number>>,
): TransactWriteItem[] {
  const moved = Object.entries(by).filter(([, count]) => count !== 0);
  if (moved.length === 0) return [];
  const UpdateExpression = `ADD ${moved.map(([state]) => `#${state} :${state}`).join(', ')}`;
  const names = Object.fromEntries(moved.map(([state]) => [`#${state}`, state]));
  const values = Object.fromEntries(moved.map(([state, count]) => [`:${state}`, { N: String(count) }]));
  const Key = { pk: { S: pk }, sk: { S: sk } };
  return [
    {
      Update: { TableName, Key, UpdateExpression, ExpressionAttributeNames: names, ExpressionAttributeValues: values },
    },
  ];
}

function expiry(TableName: string, run: Run): TransactWriteItem[] {
  const pk = { S: ledgerKey(run) };
  return Array.from({ length: Math.min(TALLIES, run.batches) }, (_, number) => ({
    Update: {
      TableName,
      Key: { pk, sk: { S: tallyKey(number) } },
      UpdateExpression: 'SET expiresAt = :at',
      ExpressionAttributeValues: { ':at': { N: String(run.expiresAt) } },
    },
  }));
}

const tallyKey = (batch: number): string => `tally#${batch % TALLIES}`;
const isBatch = (row: Row): row is Batch => row.sk.startsWith('batch#');
const isRun = (row: Row): row is Run => row.sk.startsWith('run#');

/** What only the indexes use. */
function indexed(row: Row): Record<string, unknown> {
  const shard = row.sk === BROADCAST ? 'broadcasts' : isRun(row) ? 'runs' : row.pk;
  return { ...(row.dueAt !== undefined && { dueShard: shard }), ...(row.sk === BROADCAST && { listed: LISTED }) };
}
