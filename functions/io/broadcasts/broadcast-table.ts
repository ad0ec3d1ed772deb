import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  UpdateItemCommand,
  type DynamoDBClient,
  type QueryCommandInput,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { BROADCAST, broadcastKey, type Broadcast } from '../../rules/broadcasts/broadcast.ts';
import type { Link } from '../../rules/contacts/link.ts';
import { recipientStates, type Counts, type Batch, type Recipient } from '../../rules/broadcasts/batch.ts';
import { ledgerKey, runKey, type Run } from '../../rules/broadcasts/run.ts';
import * as write from './broadcast-writes.ts';
import type { Change, Learned, Row } from './broadcast-writes.ts';
import { batchGet, itemsIn, queryPage, queryPages, scanPage, type Item } from '../aws/items.ts';
import { DynamoTable } from '../aws/table.ts';
import { hasFailed, transact } from '../aws/transact.ts';

/** What must be true beside the rows themselves, at the moment of a claim. */
export interface ClaimChecks {
  /** Must still be sending, and its broadcast not be cancelled. */
  readonly run: Run;
  /** Their links must still be active and bound to the contacts that were planned. */
  readonly recipients: readonly Recipient[];
  /** When, in ms since 1970: a link whose id is withheld then is not as planned. */
  readonly at: number;
}

/** `moved`: a row is no longer as it was read. `stopped`: the run no longer sends. `changed`: links by key, and what they are now. */
export type Committed = 'committed' | 'conflict' | 'stopped' | { readonly changed: ReadonlyMap<string, Link> };

/** Broadcasts, runs and ledgers: documents with a revision. Of two writers that read the same one, the second is told that it has moved. */
export type BroadcastTable = Pick<DynamoBroadcastTable, keyof DynamoBroadcastTable>;

const PAGE = 50;

export class DynamoBroadcastTable extends DynamoTable {
  readonly #linksTable: string;

  constructor(client: DynamoDBClient, tableName: string, linksTable: string) {
    super(client, tableName);
    this.#linksTable = linksTable;
  }

  /** Commits all changes together or none of them; the tallies of a run follow its batches in the same transaction. */
  async commit(changes: readonly Change[], checks?: ClaimChecks): Promise<Committed> {
    const TableName = this.tableName;
    const mark = randomUUID();
    const { recipients = [], at = 0 } = checks ?? {};
    const items: TransactWriteItem[] = [
      ...changes.map((change) => write.replace(TableName, change, mark)),
      ...recipients.map((one) => write.linkIsAsPlanned(this.#linksTable, one, at)),
      ...(checks ? write.mayClaim(TableName, checks.run) : []),
      ...write.tallies(TableName, changes),
    ];
    const reasons = await transact(this.client, items);
    if (!reasons) return 'committed';
    const rows = reasons.slice(0, changes.length);
    // The first attempt of this transaction succeeded, and only its acknowledgement was lost.
    if (rows.some(({ Item }) => Item?.['mark']?.S === mark)) return 'committed';
    if (rows.some(hasFailed)) return 'conflict';
    const links = reasons.slice(changes.length, changes.length + recipients.length);
    if (reasons.slice(changes.length + recipients.length).some(hasFailed)) return 'stopped';
    return {
      changed: new Map(
        links.flatMap((reason, index) =>
          hasFailed(reason) ? [[recipients[index]?.pk ?? '', unmarshall(reason.Item ?? {}) as Link] as const] : [],
        ),
      ),
    };
  }

  /** Keeps on the links what was learned of conversations. Answers how many could not be written, which are only not remembered. */
  async keep(learned: readonly Learned[], nowMs: number): Promise<number> {
    const writes = learned.map((one) => new UpdateItemCommand(write.conversed(this.#linksTable, one, nowMs)));
    const done = await Promise.allSettled(writes.map((one) => this.client.send(one)));
    return done.filter((one) => one.status === 'rejected' && !(one.reason instanceof ConditionalCheckFailedException))
      .length;
  }

  async broadcast(broadcastId: string): Promise<Broadcast | undefined> {
    return this.#get<Broadcast>(broadcastKey(broadcastId), BROADCAST);
  }

  async run(broadcastId: string, scheduledAtMs: number): Promise<Run | undefined> {
    return this.#get<Run>(broadcastKey(broadcastId), runKey(scheduledAtMs));
  }

  /** The newest first. */
  async runs(broadcastId: string, max: number): Promise<readonly Run[]> {
    const { items } = await this.#under(broadcastKey(broadcastId), 'run#', { ScanIndexForward: false, Limit: max });
    return items.map((item) => rowOf<Run>(item));
  }

  async batch(pk: string, sk: string): Promise<Batch | undefined> {
    return this.#get<Batch>(pk, sk);
  }

  /** How many recipients of a run are in each state, exactly. */
  async counts(run: Run): Promise<Counts> {
    const { items } = await this.#under(ledgerKey(run), 'tally#', {});
    const rows = items.map((item) => unmarshall(item));
    const sum = (state: string) => rows.reduce((total, row) => total + Number(row[state] ?? 0), 0);
    return Object.fromEntries(recipientStates.map((state) => [state, sum(state)])) as Counts;
  }

  /** Batches in the order of their numbers, from after `after`. */
  async batches(run: Run, after: string | undefined, max: number): Promise<readonly Batch[]> {
    const pk = ledgerKey(run);
    const from = after === undefined ? {} : { ExclusiveStartKey: { pk: { S: pk }, sk: { S: after } } };
    const { items } = await this.#under(pk, 'batch#', { Limit: max, ...from });
    return items.map((item) => rowOf<Batch>(item));
  }

  /** Broadcasts, the newest first, and where the next page begins. */
  async list(from: string | undefined, max: number) {
    const { items, next } = await queryPage(this.client, {
      TableName: this.tableName,
      IndexName: 'Listed',
      KeyConditionExpression: 'listed = :all',
      ExpressionAttributeValues: { ':all': { S: write.LISTED } },
      ScanIndexForward: false,
      Limit: max,
      ExclusiveStartKey: from === undefined ? undefined : startOf(from),
    });
    const broadcasts = await this.#all(items.flatMap(({ pk, sk }) => (pk && sk ? [{ pk, sk }] : [])));
    return { broadcasts, next: next && `${next['createdAtMs']?.N}.${next['pk']?.S?.slice(10)}` };
  }

  /** All rows, a page at a time: those after `from`, and where the next page begins. */
  async page(from: Item | undefined) {
    const input = { TableName: this.tableName, Limit: PAGE, ExclusiveStartKey: from };
    const { items, next } = await scanPage(this.client, input);
    const isRow = ({ sk }: Item) => sk?.S !== write.CANCELLED && !sk?.S?.startsWith('tally#');
    return { rows: items.filter(isRow).map((item) => rowOf<Row>(item)), next };
  }

  /** Keys of rows that are due, the longest due first; pages are read as they are used. */
  async *due(what: 'broadcasts' | 'runs' | Run, nowMs: number) {
    const shard = typeof what === 'string' ? what : ledgerKey(what);
    const pages = queryPages(this.client, this.dueUntil(shard, nowMs, PAGE));
    for await (const { pk, sk } of itemsIn(pages)) if (pk?.S && sk?.S) yield { pk: pk.S, sk: sk.S };
  }

  /** Every run that has not ended, as it is; the index that finds them may be behind by a moment. */
  async *openRuns(): AsyncGenerator<Run> {
    for await (const { pk, sk } of this.due('runs', Number.MAX_SAFE_INTEGER)) {
      const run = await this.#get<Run>(pk, sk);
      if (run && run.endedAtMs === undefined) yield run;
    }
  }

  /** When the next batch of a run is due, as far as the index knows by now. */
  async nextDueAt(run: Run): Promise<number | undefined> {
    const { items } = await queryPage(this.client, this.dueUntil(ledgerKey(run), Number.MAX_SAFE_INTEGER, 1));
    return items[0] && Number(items[0]['dueAt']?.N);
  }

  async #get<Kind extends Row>(pk: string, sk: string): Promise<Kind | undefined> {
    const item = await this.item(pk, sk);
    return item && rowOf<Kind>(item);
  }

  async #all(keys: readonly Item[]): Promise<Broadcast[]> {
    const found = await batchGet(this.client, this.tableName, keys);
    const rows = found.map((item) => rowOf<Broadcast>(item));
    const order = keys.map(({ pk }) => pk?.S);
    return rows.toSorted((a, b) => order.indexOf(a.pk) - order.indexOf(b.pk));
  }

  #under(pk: string, prefix: string, more: Partial<QueryCommandInput>) {
    return queryPage(this.client, {
      TableName: this.tableName,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': { S: pk }, ':prefix': { S: prefix } },
      ConsistentRead: true,
      ...more,
    });
  }
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the key says of which kind the row is
function rowOf<Kind extends Row>(item: Item): Kind {
  const { dueShard: _shard, listed: _listed, mark: _mark, ...row } = unmarshall(item);
  return row as Kind;
}

/** A page's start, as `list` gave it: the time and the id of the broadcast before it. */
function startOf(from: string): Item {
  const [createdAtMs = '', broadcastId = ''] = from.split('.');
  return {
    pk: { S: broadcastKey(broadcastId) },
    sk: { S: BROADCAST },
    listed: { S: write.LISTED },
    createdAtMs: { N: createdAtMs },
  };
}
