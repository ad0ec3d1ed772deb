import { createHash } from 'node:crypto';
import type { DynamoDBClient, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Draft, Link } from '../../rules/contacts/link.ts';
import type { Resource, ScimType } from '../../rules/scim/resource.ts';
import type { Bucket, DueGroup, Naming } from '../../rules/scim/turns.ts';
import { entryKey, namedKey, WITHDRAWN_MAX, withdrawnKey } from '../../rules/scim/withdrawn.ts';
import { inTransaction } from '../aws/conditional-update.ts';
import { writeDesired } from '../aws/link-writes.ts';
import { keysIn } from '../aws/items.ts';
import { DynamoTable } from '../aws/table.ts';
import { hasFailed, transact } from '../aws/transact.ts';
import type { Clock } from '../clock.ts';

/** The members of a group lie in so many rows. What touches them all fits in one transaction (4 MB) up to some 40,000 members. */
const BUCKETS = 64;
/** So many rows of groups have a place in the transaction that deletes a user. */
const GROUPS_MAX = 80;
/** Keys of the index in one page of a query. */
const LISTED = 1_000;
/** The shard of the index `Due` with the groups whose members are to be carried into their links. */
const CARRY_SHARD = 'scim';
/** A request carries a few members itself; the schedule comes after it. */
const CARRY_AFTER_MS = 30_000;
/** How long the row of what is deleted stays, which knows no more than its id. A key, which is a name, goes at once. */
const GONE_S = 30 * 86_400;

/** One write of a transaction, and what it means that its condition fails: another resource has the key, somebody else has done it, or there is no place. */
export type Part = TransactWriteItem & { readonly otherwise?: 'taken' | 'over' | 'full' };
type Change = Omit<NonNullable<TransactWriteItem['Update']>, 'TableName' | 'Key'>;

const bucketOf = (member: string): number => createHash('sha256').update(member).digest().readUInt16BE() % BUCKETS;
const values = (all: object) => ({ ExpressionAttributeValues: marshall(all, { removeUndefinedValues: true }) });

/** The rows of one directory in the table `Links`, and the transactions in which they change together with the links. */
export class ScimTable extends DynamoTable {
  readonly #source: string;

  constructor(client: DynamoDBClient, tableName: string, clock: Clock, source: string) {
    super(client, tableName, clock);
    this.#source = source;
  }

  /** The resource as it is now, by a strongly consistent read; also one that is deleted, or known as a member alone. */
  async read(type: ScimType, id: string): Promise<Resource | undefined> {
    const item = await this.item(this.#rowKey(type, id));
    return item && (unmarshall(item) as Resource);
  }

  /** The id of the resource that has this key. */
  holderOf = async (type: ScimType, key: string): Promise<string | undefined> =>
    (await this.item(this.#uniqueKey(type, key)))?.['id']?.S;

  /** The id of the user who told last that this is the person. */
  entryOf = async (userId: string): Promise<string | undefined> =>
    (await this.item(entryKey(this.#source, userId)))?.['id']?.S;

  /** The ids of all resources of a type, the oldest first; the index may run behind by a moment. */
  async ids(type: ScimType): Promise<string[]> {
    const before = this.#rowKey(type, '').length;
    return (await this.#due(this.#rowKey(type, ''), Number.MAX_SAFE_INTEGER)).map((pk) => pk.slice(before));
  }

  async readAll(type: ScimType, ids: readonly string[]): Promise<Resource[]> {
    const items = await this.items(ids.map((id) => this.#rowKey(type, id)));
    const found = new Map(items.map((item) => [item['id']?.S, unmarshall(item) as Resource]));
    return ids.flatMap((id) => found.get(id) ?? []).filter(({ document }) => document);
  }

  /** The rows of a group's members that there are. */
  async buckets(groupId: string): Promise<Bucket[]> {
    const items = await this.items(Array.from({ length: BUCKETS }, (_, one) => this.#bucketKey(groupId, one)));
    return items.map((item) => unmarshall(item) as Bucket);
  }

  /** The groups, of all directories, with members to carry that are due at this time. */
  async dueGroups(untilMs: number): Promise<DueGroup[]> {
    const rows = await this.items(await this.#due(CARRY_SHARD, untilMs));
    return rows.map((item) => {
      const { pk, ...row } = unmarshall(item) as DueGroup & { readonly pk: string };
      const [, source = '', groupId = ''] = pk.split('#');
      return { ...row, source, groupId };
    });
  }

  due = async (id: string): Promise<Partial<DueGroup>> => unmarshall((await this.item(this.#carryKey(id))) ?? {});

  /** What the directory is taking from members, see `withdrawal`. */
  withdrawals = async (): Promise<string[]> => (await this.item(withdrawnKey(this.#source)))?.['entries']?.SS ?? [];

  naming = async (): Promise<Partial<Naming>> => unmarshall((await this.item(namedKey(this.#source))) ?? {});

  named = (naming: Naming) => this.commit([{ Put: this.#of({ pk: namedKey(this.#source), ...naming }) }], '');

  /** The row of a resource as it becomes. Two writers may have read the same revision, and only the first may write. */
  put(type: ScimType, before: Resource | undefined, next: Resource, mark: string): Part {
    const listed = next.document && { dueShard: this.#rowKey(type, ''), dueAt: next.createdAtMs };
    const isGone = !next.document && Object.keys(next.groups ?? {}).length === 0;
    const item = { pk: this.#rowKey(type, next.id), ...next, mark, ...listed, ...(isGone && this.#expires(GONE_S)) };
    return { Put: { ...this.#of(item), ...isAt(before) } };
  }

  /** That the resource is as it was read. */
  check(type: ScimType, before: Resource | undefined, id: string): Part {
    return { ConditionCheck: { ...this.#at(this.#rowKey(type, id)), ...isAt(before) } };
  }

  /** Takes the keys that a resource has from now on and gives back those that it held. Two creations may want the same one. */
  keys(type: ScimType, id: string, before: readonly string[], next: readonly string[]): Part[] {
    const take = next.filter((key) => !before.includes(key)).map((key) => ({ pk: this.#uniqueKey(type, key), id }));
    const free = before.filter((key) => !next.includes(key)).map((key) => this.#uniqueKey(type, key));
    const isFree = { ConditionExpression: 'attribute_not_exists(id) OR id = :id', ...values({ ':id': id }) };
    return [
      ...take.map((item): Part => ({ Put: { ...this.#of(item), ...isFree }, otherwise: 'taken' })),
      ...free.map((pk): Part => ({ Put: { ...this.#of({ pk, ...this.#expires(0) }), ...isFree } })),
    ];
  }

  link(pk: string, read: Link | undefined, draft: Draft, mark: string): Part {
    return inTransaction(this.tableName, pk, writeDesired(read, draft, mark, undefined, this.clock.now()));
  }

  /** Where those stand who join, stay in or leave a group, as it is once `write` is committed. */
  among(groupId: string, how: 'join' | 'leave', ids: readonly string[], groupName: string | undefined): Bucket[] {
    return Object.entries(Object.groupBy(ids, bucketOf)).map(([bucket, some]) => ({
      pk: this.#bucketKey(groupId, Number(bucket)),
      pending: new Set(some),
      ...(how === 'join' && { members: new Set(some) }),
      ...(groupName !== undefined && { groupName }),
    }));
  }

  /** Writes who is in a group; it is then pending that their own rows and links say so. Who stays may be deleted meanwhile, and is not put back. */
  write({ pk, members, pending, groupName }: Bucket, stay: ReadonlySet<string>): Part {
    const joins = [...(members ?? [])].filter((id) => !stay.has(id));
    const joining = joins.length > 0 ? new Set(joins) : undefined;
    const change = members ? (joining ? ', members :joining' : '') : ' DELETE members :ids';
    return this.#update(pk, {
      UpdateExpression: `${groupName === undefined ? 'REMOVE groupName' : 'SET groupName = :name'} ADD pending :ids${change}`,
      ...values({ ':ids': pending, ':name': groupName, ':joining': joining }),
    });
  }

  /** The groups with members to carry that have this one, whose own row may not say so yet. The index may run behind by a moment. */
  async joined(member: string): Promise<string[]> {
    const own = this.#carryKey('');
    const due = await this.#due(CARRY_SHARD, Number.MAX_SAFE_INTEGER);
    const ids = due.flatMap((pk) => (pk.startsWith(own) ? [pk.slice(own.length)] : []));
    const found = await this.items(ids.map((groupId) => this.#bucketKey(groupId, bucketOf(member))));
    const has = new Set(
      found.map((item) => unmarshall(item) as Bucket).flatMap(({ pk, members }) => (members?.has(member) ? [pk] : [])),
    );
    return ids.filter((groupId) => has.has(this.#bucketKey(groupId, bucketOf(member))));
  }

  /**
   * Takes a user who is deleted out of groups; those for which the transaction of the deletion has no room are the first. Whoever stayed in one
   * would have it again when they come back and the group is renamed. Of these it is pending that the user's own row says so, where anybody
   * carries it: the deletion may never come to its commit, and nothing else would take such a group from the user.
   */
  async forget(groupIds: readonly string[], member: string, isCarried: boolean): Promise<Part[]> {
    const ids = values({ ':ids': new Set([member]) });
    const taken = (groupId: string, UpdateExpression: string): Part =>
      this.#update(this.#bucketKey(groupId, bucketOf(member)), { UpdateExpression, ...ids });
    const gone = (one: string): Part => taken(one, 'DELETE members :ids, pending :ids');
    const leaves = (one: string): Part[] => [
      taken(one, 'ADD pending :ids DELETE members :ids'),
      this.carryLater(one, 'few'),
    ];
    for (let at = GROUPS_MAX; at < groupIds.length; at += GROUPS_MAX / 2)
      await this.commit(groupIds.slice(at, at + GROUPS_MAX / 2).flatMap(isCarried ? leaves : gone), '');
    return groupIds.slice(0, GROUPS_MAX).map(gone);
  }

  /** That one member's row says now what the bucket says. Whoever joins, leaves or renames meanwhile makes it pending anew. */
  carried({ pk, members, groupName }: Bucket, member: string): Part {
    const isIn = members?.has(member) ? 'contains(members, :id)' : 'NOT contains(members, :id)';
    const name = groupName === undefined ? 'attribute_not_exists(groupName)' : 'groupName = :name';
    const change = this.#update(pk, {
      UpdateExpression: 'DELETE pending :ids',
      ConditionExpression: `contains(pending, :id) AND ${isIn} AND ${name}`,
      ...values({ ':ids': new Set([member]), ':id': member, ':name': groupName }),
    });
    return { ...change, otherwise: 'over' };
  }

  /** Makes a group due, so that its members are carried whatever becomes of this process. `few` stays until all are carried. */
  carryLater(groupId: string, losing: DueGroup['losing']): Part {
    const update = { few: ', losing = :losing', many: ', losing = if_not_exists(losing, :losing) REMOVE heldFrom' };
    return this.#update(this.#carryKey(groupId), {
      UpdateExpression: `SET dueShard = :shard, dueAt = if_not_exists(dueAt, :at)${losing ? update[losing] : ''}`,
      ...values({ ':shard': CARRY_SHARD, ':at': this.clock.now() + CARRY_AFTER_MS, ':losing': losing }),
    });
  }

  /** A group whose members are all carried is not due any more. */
  carriedAll = (groupId: string): Part =>
    this.#update(this.#carryKey(groupId), { UpdateExpression: 'REMOVE dueShard, dueAt, losing, heldFrom' });

  /** Notes that a group has its turn, or from when on its withdrawal is held. One that is done meanwhile stays so, because this gives it no shard. */
  note(groupId: string, what: 'turnAt' | 'heldFrom'): Part {
    const at = what === 'turnAt' ? ':now' : `if_not_exists(${what}, :now)`;
    const now = values({ ':now': this.clock.now() });
    return this.#update(this.#carryKey(groupId), { UpdateExpression: `SET ${what} = ${at}`, ...now });
  }

  /** From its commit on nobody who has a group by one of these entries gets an id; or no longer so. */
  withdraw(what: 'ADD' | 'DELETE', entries: readonly string[]): Part[] {
    const change = () => ({
      UpdateExpression: `${what} entries :entries`,
      ConditionExpression: 'attribute_not_exists(entries) OR size(entries) < :end',
      ...values({ ':entries': new Set(entries), ':end': WITHDRAWN_MAX + (what === 'ADD' ? 0 : 1) }),
    });
    return entries.length === 0 ? [] : [{ ...this.#update(withdrawnKey(this.#source), change()), otherwise: 'full' }];
  }

  /** Commits all or none. `conflict`: something is no longer as it was read. */
  async commit(parts: readonly Part[], mark: string): Promise<'done' | 'conflict' | NonNullable<Part['otherwise']>> {
    const items = parts.map((part) => {
      const { otherwise: _, ...item } = part;
      return item;
    });
    const reasons = await transact(this.client, items, this.clock);
    // The first attempt may have succeeded, and only its acknowledgement was lost.
    if (!reasons || reasons.some(({ Item }) => Item?.['mark']?.S === mark)) return 'done';
    const failed = parts.filter((_, at) => reasons[at] && hasFailed(reasons[at]));
    return failed.find(({ otherwise }) => otherwise)?.otherwise ?? 'conflict';
  }

  #rowKey = (type: ScimType, id: string): string => `scim#${this.#source}#${type}#${id}`;
  #uniqueKey = (type: ScimType, key: string): string => `scim-key#${this.#source}#${type}#${key}`;
  #carryKey = (groupId: string): string => `scim-carry#${this.#source}#${groupId}`;
  #bucketKey = (groupId: string, bucket: number): string => `scim-members#${this.#source}#${groupId}#${bucket}`;
  #at = (pk: string) => ({ TableName: this.tableName, Key: { pk: { S: pk } } });
  #of = (item: object) => ({ TableName: this.tableName, Item: marshall(item, { removeUndefinedValues: true }) });
  #update = (pk: string, change: Change): Part => ({ Update: { ...this.#at(pk), ...change } });
  #expires = (inS: number) => ({ expiresAt: Math.floor(this.clock.now() / 1000) + inS });
  #due = (shard: string, untilMs: number) =>
    Array.fromAsync(keysIn(this.client, this.dueUntil(shard, untilMs, LISTED)));
}

const isAt = (before: Resource | undefined) => ({
  ConditionExpression: before ? 'revision = :revision' : 'attribute_not_exists(pk)',
  ...(before && { ExpressionAttributeValues: { ':revision': { N: String(before.revision) } } }),
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
});
