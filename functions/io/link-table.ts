import { ConditionalCheckFailedException, GetItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Draft, Link } from '../rules/link.ts';
import type { Clock } from './clock.ts';
import * as write from './link-writes.ts';

/** The right to write to MaiAgent for one link. `sendUntil` is monotonic; nothing is sent under the lease after it. */
export interface Lease {
  readonly owner: string;
  readonly untilMs: number;
  readonly sendUntil: number;
}

/** What a lease has to say when it ends: what MaiAgent acknowledged, and whether every request that was sent was answered. */
export interface Sent {
  readonly hash: string;
  readonly permissions: string;
  readonly isAllAcknowledged: boolean;
}

/** Why a link is still owed, for people and for the backoff. */
export interface Owed {
  readonly lastError: string;
  readonly retryAtMs: number;
  readonly isAllAcknowledged: boolean;
}

/**
 * The links, with every write that the protocol has. Each write is one conditional update; a lost race is a value that says what
 * the row holds instead. Writes survive a lost acknowledgement: the SDK sends them again, the condition then fails against the
 * writer's own mark, and the mark tells.
 */
export interface LinkTable {
  /** The row as it is now, by a strongly consistent read. */
  read(pk: string): Promise<Link | undefined>;
  /**
   * Writes what is wanted under the writer's mark, and takes the lease with it where one is given.
   * `moved`: the row is no longer the one that was read, or another writer has the lease; this is what it is.
   */
  want(pk: string, read: Link | undefined, draft: Draft, mark: string, lease?: Lease): Promise<{ written: Link } | { moved: Link | undefined }>;
  /** Takes the lease of a row that was read, to send what the row wants by then. */
  acquire(read: Link, lease: Lease): Promise<{ acquired: Link } | { moved: Link | undefined }>;
  /** Binds a contact that was found, with the permissions that it was seen to have. `ended`: this life is over. */
  bind(link: Link, contactId: string, seen?: string): Promise<'bound' | 'ended' | { takenBy: string }>;
  /** Binds a contact that was just created, records that it is as it was sent, and ends the lease, all at once. */
  bindCreated(link: Link, lease: Lease, contactId: string, sent: Sent): Promise<{ bound: Link } | 'lost'>;
  /** Records what MaiAgent acknowledged and ends the lease. `outdated`: something newer is wanted by now. `lost`: the lease was. */
  confirm(link: Link, lease: Lease, sent: Sent): Promise<{ clean: Link } | { outdated: Link } | 'lost'>;
  /** Ends the lease without success; it stays until it expires when a request may still be under way. */
  giveUp(link: Link, lease: Lease, owed: Owed): Promise<{ left: Link } | 'lost'>;
  /** Ends a visitor's life as a visitor: from now on its token is refused. */
  promote(visitorPk: string, userId: string): Promise<void>;
  /** Counts one more visitor in this hour; false when the hour's budget is spent. */
  spendVisitor(hour: string, max: number): Promise<boolean>;
}

/** The links in one DynamoDB table. */
export function linkTable(client: DynamoDBClient, tableName: string, clock: Clock): LinkTable {
  /** The row as it now is, or the row that made the condition fail (`undefined`: there is none). */
  async function update(pk: string, change: write.Write): Promise<{ row: Link } | { failedOn: Link | undefined }> {
    try {
      const input = { TableName: tableName, Key: { pk: { S: pk } }, ...expressions(change) };
      const { Attributes } = await client.send(
        new UpdateItemCommand({ ...input, ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
      );
      return { row: unmarshall(Attributes ?? {}) as Link };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return { failedOn: error.Item && (unmarshall(error.Item) as Link) };
    }
  }

  const at = (): string => new Date(clock.now()).toISOString();

  return {
    async read(pk) {
      const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key: { pk: { S: pk } }, ConsistentRead: true }));
      return Item && (unmarshall(Item) as Link);
    },
    async want(pk, read, draft, mark, lease) {
      const wrote = await update(pk, write.want(read, draft, mark, lease, clock.now()));
      if ('row' in wrote) return { written: wrote.row };
      // This very write went through before, and only its acknowledgement was lost.
      return wrote.failedOn?.revisedBy === mark ? { written: wrote.failedOn } : { moved: wrote.failedOn };
    },
    async acquire(read, lease) {
      const wrote = await update(read.pk, write.acquire(read, lease, clock.now()));
      if ('row' in wrote) return { acquired: wrote.row };
      return wrote.failedOn?.leaseOwner === lease.owner ? { acquired: wrote.failedOn } : { moved: wrote.failedOn };
    },
    async bind(link, contactId, seen) {
      const wrote = await update(link.pk, write.bind(link.generation, contactId, seen, at()));
      if ('row' in wrote) return 'bound';
      const { failedOn } = wrote;
      if (failedOn?.generation !== link.generation || failedOn.contactId === undefined) return 'ended';
      return failedOn.contactId === contactId ? 'bound' : { takenBy: failedOn.contactId };
    },
    async bindCreated(link, lease, contactId, sent) {
      const row = mine(lease, await update(link.pk, write.bindCreated(link.generation, lease, contactId, sent, at())));
      return row?.contactId === contactId ? { bound: row } : 'lost';
    },
    async confirm(link, lease, sent) {
      const clean = mine(lease, await update(link.pk, write.confirm(lease, sent, at())));
      if (clean) return clean.wantedHash === sent.hash ? { clean } : { outdated: clean };
      const outdated = mine(lease, await update(link.pk, write.confirmOutdated(link.sourceId, lease, sent, clock.now())));
      return outdated ? { outdated } : 'lost';
    },
    async giveUp(link, lease, owed) {
      const left = mine(lease, await update(link.pk, write.giveUp(link.sourceId, lease, owed, at())));
      return left ? { left } : 'lost';
    },
    async promote(visitorPk, userId) {
      await update(visitorPk, write.promote(userId, at()));
    },
    async spendVisitor(hour, max) {
      return 'row' in (await update(`visitors#${hour}`, write.spendVisitor(max, clock.now())));
    },
  };
}

/** The row that this lease settled: just now, or before, when only the acknowledgement was lost and the SDK wrote again. */
function mine(lease: Lease, wrote: { row: Link } | { failedOn: Link | undefined }): Link | undefined {
  if ('row' in wrote) return wrote.row;
  return wrote.failedOn?.settledBy === lease.owner ? wrote.failedOn : undefined;
}

/** A write in DynamoDB's words. Attributes are set and removed through placeholders, so that none can be a reserved word. */
function expressions({ set = {}, compute = {}, remove = [], values = {}, condition }: write.Write) {
  const settable = Object.entries(set).filter(([, value]) => value !== undefined);
  const names = [...settable.map(([name]) => name), ...Object.keys(compute), ...remove];
  const assignments = [
    ...settable.map(([name]) => `#${name} = :${name}`),
    ...Object.entries(compute).map(([name, expression]) => `#${name} = ${expression}`),
  ];
  const removals = remove.map((name) => `#${name}`);
  return {
    UpdateExpression: `SET ${assignments.join(', ')}${removals.length > 0 ? ` REMOVE ${removals.join(', ')}` : ''}`,
    ConditionExpression: condition,
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: marshall(
      { ...Object.fromEntries(settable.map(([name, value]) => [`:${name}`, value])), ...values },
      { removeUndefinedValues: true },
    ),
  };
}
