import {
  ConditionalCheckFailedException,
  GetItemCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
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
  want(
    pk: string,
    read: Link | undefined,
    draft: Draft,
    mark: string,
    lease?: Lease,
  ): Promise<{ written: Link } | { moved: Link | undefined }>;
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
export class DynamoLinkTable implements LinkTable {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #clock: Clock;

  constructor(client: DynamoDBClient, tableName: string, clock: Clock) {
    this.#client = client;
    this.#tableName = tableName;
    this.#clock = clock;
  }

  async read(pk: string): Promise<Link | undefined> {
    const input = { TableName: this.#tableName, Key: { pk: { S: pk } }, ConsistentRead: true };
    const { Item } = await this.#client.send(new GetItemCommand(input));
    return Item && (unmarshall(Item) as Link);
  }

  async want(
    pk: string,
    read: Link | undefined,
    draft: Draft,
    mark: string,
    lease?: Lease,
  ): Promise<{ written: Link } | { moved: Link | undefined }> {
    const wrote = await this.#update(pk, write.want(read, draft, mark, lease, this.#clock.now()));
    if ('row' in wrote) return { written: wrote.row };
    // This very write went through before, and only its acknowledgement was lost.
    return wrote.failedOn?.revisedBy === mark ? { written: wrote.failedOn } : { moved: wrote.failedOn };
  }

  async acquire(read: Link, lease: Lease): Promise<{ acquired: Link } | { moved: Link | undefined }> {
    const wrote = await this.#update(read.pk, write.acquire(read, lease, this.#clock.now()));
    if ('row' in wrote) return { acquired: wrote.row };
    return wrote.failedOn?.leaseOwner === lease.owner ? { acquired: wrote.failedOn } : { moved: wrote.failedOn };
  }

  async bind(link: Link, contactId: string, seen?: string): Promise<'bound' | 'ended' | { takenBy: string }> {
    const wrote = await this.#update(link.pk, write.bind(link.generation, contactId, seen, this.#clock.now()));
    if ('row' in wrote) return 'bound';
    const { failedOn } = wrote;
    if (failedOn?.generation !== link.generation || failedOn.contactId === undefined) return 'ended';
    return failedOn.contactId === contactId ? 'bound' : { takenBy: failedOn.contactId };
  }

  async bindCreated(link: Link, lease: Lease, contactId: string, sent: Sent): Promise<{ bound: Link } | 'lost'> {
    const change = write.bindCreated(link.generation, lease, contactId, sent, this.#clock.now());
    const row = mine(lease, await this.#update(link.pk, change));
    return row?.contactId === contactId ? { bound: row } : 'lost';
  }

  async confirm(link: Link, lease: Lease, sent: Sent): Promise<{ clean: Link } | { outdated: Link } | 'lost'> {
    const clean = mine(lease, await this.#update(link.pk, write.confirm(lease, sent, this.#clock.now())));
    if (clean) return clean.wantedHash === sent.hash ? { clean } : { outdated: clean };
    const change = write.confirmOutdated(link.sourceId, lease, sent, this.#clock.now());
    const outdated = mine(lease, await this.#update(link.pk, change));
    return outdated ? { outdated } : 'lost';
  }

  async giveUp(link: Link, lease: Lease, owed: Owed): Promise<{ left: Link } | 'lost'> {
    const change = write.giveUp(link.sourceId, lease, owed, this.#clock.now());
    const left = mine(lease, await this.#update(link.pk, change));
    return left ? { left } : 'lost';
  }

  async promote(visitorPk: string, userId: string): Promise<void> {
    await this.#update(visitorPk, write.promote(userId, this.#clock.now()));
  }

  async spendVisitor(hour: string, max: number): Promise<boolean> {
    return max > 0 && 'row' in (await this.#update(`visitors#${hour}`, write.spendVisitor(max, this.#clock.now())));
  }

  /** The row as it now is, or the row that made the condition fail (`undefined`: there is none). */
  async #update(pk: string, change: write.Write): Promise<Updated> {
    const input = { TableName: this.#tableName, Key: { pk: { S: pk } }, ...expressions(change) };
    const returns = { ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
    try {
      const { Attributes } = await this.#client.send(new UpdateItemCommand({ ...input, ...returns }));
      return { row: unmarshall(Attributes ?? {}) as Link };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return { failedOn: error.Item && (unmarshall(error.Item) as Link) };
    }
  }
}

type Updated = { readonly row: Link } | { readonly failedOn: Link | undefined };

/** The row that this lease settled: just now, or before, when only the acknowledgement was lost and the SDK wrote again. */
function mine(lease: Lease, wrote: Updated): Link | undefined {
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
