import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type BatchGetItemCommandInput,
  type CancellationReason,
  type DynamoDBClient,
  type GetItemCommandInput,
  type TransactWriteItem,
  type TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Item } from '../expression/attribute-value.ts';
import { mayWrite, updated, type WriteInput } from './memory-expressions.ts';
import { namesIn, pick, query, scan } from './memory-pages.ts';
import { MemoryRows, type IndexLag } from './memory-rows.ts';

/** One row of one table before and after a write; `undefined` where there is none. */
export interface RowChange {
  readonly table: string;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

/** A write to one row, however it came: alone or in a transaction. */
interface Write extends WriteInput {
  readonly kind: 'put' | 'delete' | 'update' | 'check';
  readonly rows: MemoryRows;
  readonly table: string;
  readonly id: string;
  readonly key: Item;
  readonly returnsOld: boolean;
  readonly returns: string;
}

/** AWS's own limit. */
const TRANSACTION_WRITES_MAX = 100;
const meta = { $metadata: {} };

/**
 * DynamoDB in memory, as far as this project uses it: every call takes effect at once and whole. It throws for whatever it does not
 * know, and its failures are the SDK's own classes.
 */
export class MemoryDatabase {
  readonly #tables = new Map<string, MemoryRows>();
  readonly #committed = new Set<string>();
  readonly #changed: (change: RowChange) => void;

  readonly #indexLag: IndexLag | undefined;

  constructor(changed: (change: RowChange) => void = () => undefined, indexLag?: IndexLag) {
    this.#changed = changed;
    this.#indexLag = indexLag;
  }

  /** The database as the project's code asks for it. */
  get client(): DynamoDBClient {
    return { send: (command: object) => this.send(command) } as unknown as DynamoDBClient;
  }

  /** Every row of a table, in no order. */
  rows(table: string): Item[] {
    return this.#table(table).all;
  }

  async send(command: object): Promise<object> {
    return { ...meta, ...this.#run(command) };
  }

  #run(command: object): object {
    if (command instanceof GetItemCommand) return this.#get(command.input);
    if (command instanceof UpdateItemCommand) return this.#alone(this.#write('update', command.input));
    if (command instanceof PutItemCommand) return this.#alone(this.#write('put', command.input));
    if (command instanceof DeleteItemCommand) return this.#alone(this.#write('delete', command.input));
    if (command instanceof TransactWriteItemsCommand) return this.#together(command.input);
    if (command instanceof QueryCommand) return query(this.#table(command.input.TableName), command.input);
    if (command instanceof ScanCommand) return scan(this.#table(command.input.TableName), command.input);
    if (command instanceof BatchGetItemCommand) return this.#batch(command.input);
    if (command instanceof CreateTableCommand) {
      this.#tables.set(command.input.TableName ?? '', new MemoryRows(command.input, this.#indexLag));
      return {};
    }
    throw new Error(`this database does not know ${command.constructor.name}`);
  }

  #table(name: string | undefined): MemoryRows {
    const rows = this.#tables.get(name ?? '');
    if (!rows) throw new Error(`there is no table ${name}`);
    return rows;
  }

  #get({ TableName, Key = {}, ProjectionExpression, ExpressionAttributeNames }: GetItemCommandInput): object {
    const rows = this.#table(TableName);
    const item = rows.get(rows.idOf(Key));
    if (!item) return {};
    return {
      Item: ProjectionExpression ? pick(item, namesIn(ProjectionExpression, ExpressionAttributeNames)) : item,
    };
  }

  #batch({ RequestItems = {} }: BatchGetItemCommandInput): object {
    const responses = Object.entries(RequestItems).map(([table, { Keys = [], ...input }]) => {
      const read = Keys.map((Key) => this.#get({ TableName: table, Key, ...input }) as { Item?: Item });
      return [table, read.flatMap(({ Item }) => (Item ? [Item] : []))] as const;
    });
    return { Responses: Object.fromEntries(responses), UnprocessedKeys: {} };
  }

  #write(kind: Write['kind'], input: Inputs): Write {
    const rows = this.#table(input.TableName);
    const key = (kind === 'put' ? input.Item : input.Key) ?? {};
    const returnsOld = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
    return {
      ...input,
      kind,
      rows,
      table: input.TableName ?? '',
      key,
      id: rows.idOf(key),
      returnsOld,
      returns: input.ReturnValues ?? 'NONE',
    };
  }

  #alone(write: Write): object {
    const before = write.rows.get(write.id);
    if (!mayWrite(before, write)) {
      const message = 'The conditional request failed';
      const Item = write.returnsOld ? before : undefined;
      throw new ConditionalCheckFailedException({ ...meta, message, ...(Item && { Item }) });
    }
    const after = afterOf(write, before);
    this.#commit(write, before, after);
    return returned(write.returns, before, after);
  }

  /** All or none. The same token again is the same transaction, which is not made twice (AWS keeps a token for ten minutes). */
  #together({ TransactItems = [], ClientRequestToken }: TransactWriteItemsCommandInput): object {
    if (ClientRequestToken !== undefined && this.#committed.has(ClientRequestToken)) return {};
    const writes = TransactItems.map((item) => this.#write(...only(item)));
    if (writes.length === 0 || writes.length > TRANSACTION_WRITES_MAX) throw new Error(`${writes.length} writes`);
    if (new Set(writes.map(({ table, id }) => `${table} ${id}`)).size < writes.length)
      throw new Error('Transaction request cannot include multiple operations on one item');
    const befores = writes.map(({ rows, id }) => rows.get(id));
    const reasons = writes.map((write, index) => reasonOf(write, befores[index]));
    if (reasons.some(({ Code }) => Code !== 'None')) throw cancelled(reasons);
    const afters = writes.map((write, index) => afterOf(write, befores[index]));
    for (const [index, write] of writes.entries()) this.#commit(write, befores[index], afters[index]);
    if (ClientRequestToken !== undefined) this.#committed.add(ClientRequestToken);
    return {};
  }

  #commit({ kind, rows, id, table }: Write, before: Item | undefined, after: Item | undefined): void {
    if (kind === 'check') return;
    if (after) rows.put(id, after);
    else rows.delete(id);
    this.#changed({ table, before, after });
  }
}

/** What the commands that write one row have in common. */
type Inputs = WriteInput & {
  readonly TableName?: string | undefined;
  readonly Key?: Item | undefined;
  readonly Item?: Item | undefined;
  readonly ReturnValues?: string | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: string | undefined;
};

function only({ Put, Delete, Update, ConditionCheck }: TransactWriteItem): [Write['kind'], Inputs] {
  if (Put) return ['put', Put];
  if (Delete) return ['delete', Delete];
  if (Update) return ['update', Update];
  return ['check', ConditionCheck ?? {}];
}

function afterOf(write: Write, before: Item | undefined): Item | undefined {
  if (write.kind === 'delete') return undefined;
  if (write.kind === 'put') return write.key;
  if (write.kind === 'check') return before;
  const after = updated(before, write.key, write);
  if (write.rows.idOf(after) !== write.id) throw new Error('an update cannot change the key of a row');
  return after;
}

function reasonOf(write: Write, before: Item | undefined): CancellationReason {
  if (mayWrite(before, write)) return { Code: 'None' };
  const message = 'The conditional request failed';
  return { Code: 'ConditionalCheckFailed', Message: message, ...(write.returnsOld && before && { Item: before }) };
}

/** The SDK's failure of a transaction for these reasons. */
export function cancelled(CancellationReasons: CancellationReason[]): TransactionCanceledException {
  const codes = CancellationReasons.map(({ Code }) => Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  return new TransactionCanceledException({ ...meta, message, CancellationReasons });
}

function returned(returns: string, before: Item | undefined, after: Item | undefined): object {
  if (returns === 'NONE') return {};
  if (returns === 'ALL_NEW') return { ...(after && { Attributes: after }) };
  if (returns === 'ALL_OLD') return { ...(before && { Attributes: before }) };
  throw new Error(`this database does not know ReturnValues ${returns}`);
}
