import { setTimeout } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  TransactionConflictException,
  UpdateItemCommand,
  type DynamoDBClient,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Link } from '../../rules/contacts/link.ts';
import { Unavailable } from '../../rules/failure.ts';

/** One conditional write as data: what it sets and removes, and the condition that decides its race. */
export interface Write {
  readonly condition: string;
  /** Attribute to new value; an `undefined` value leaves the attribute unchanged. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Attribute to an expression over the old row. */
  readonly compute?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  /** Values for the expressions, by placeholder. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** The row as the write left it, or the row that made its condition fail (`undefined`: there is none). */
export type Updated = { readonly row: Link } | { readonly failedOn: Link | undefined };

/** An intake's transaction holds a row for some milliseconds; a write that meets it is refused outright and not sent again by the SDK. */
const CONFLICTS_MAX = 6;
const CONFLICT_PAUSE_MS = 20;

/** One conditional write of one row. */
export async function conditionalUpdate(
  client: DynamoDBClient,
  TableName: string,
  pk: string,
  write: Write,
): Promise<Updated> {
  const returns = { ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  const input = { TableName, Key: { pk: { S: pk } }, ...expressions(write), ...returns };
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      const { Attributes } = await client.send(new UpdateItemCommand(input));
      return { row: unmarshall(Attributes ?? {}) as Link };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException)
        return { failedOn: error.Item && (unmarshall(error.Item) as Link) };
      if (!(error instanceof TransactionConflictException)) throw error;
      if (conflicts >= CONFLICTS_MAX) throw new Unavailable('contended');
      await setTimeout(CONFLICT_PAUSE_MS * (conflicts + 1));
    }
  }
}

/** The same write as a part of a transaction, whose refusal carries the row that made its condition fail. */
export function inTransaction(TableName: string, pk: string, write: Write): TransactWriteItem {
  const returns = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  return { Update: { TableName, Key: { pk: { S: pk } }, ...expressions(write), ...returns } };
}

/** A write in DynamoDB's words. Placeholders keep names from being reserved, and new values apart from those of the condition. */
export function expressions({ set = {}, compute = {}, remove = [], values = {}, condition }: Write) {
  const settable = Object.entries(set).filter(([, value]) => value !== undefined);
  const names = [...settable.map(([name]) => name), ...Object.keys(compute), ...remove];
  const assignments = [
    ...settable.map(([name]) => `#${name} = :new_${name}`),
    ...Object.entries(compute).map(([name, expression]) => `#${name} = ${expression}`),
  ];
  const removals = remove.map((name) => `#${name}`);
  const clauses = [
    ...(assignments.length > 0 ? [`SET ${assignments.join(', ')}`] : []),
    ...(removals.length > 0 ? [`REMOVE ${removals.join(', ')}`] : []),
  ];
  const marshalled = marshall(
    { ...Object.fromEntries(settable.map(([name, value]) => [`:new_${name}`, value])), ...values },
    { removeUndefinedValues: true },
  );
  return {
    UpdateExpression: clauses.join(' '),
    ConditionExpression: condition,
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    // DynamoDB refuses an empty map here.
    ...(Object.keys(marshalled).length > 0 && { ExpressionAttributeValues: marshalled }),
  };
}

/** The row after a write that has no computed values. */
export function rowAfter(before: Link, { set = {}, remove = [] }: Write): Link {
  const kept = Object.entries({ ...before, ...set }).filter(([name]) => !remove.includes(name));
  return Object.fromEntries(kept) as unknown as Link;
}
