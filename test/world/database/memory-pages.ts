import type { QueryCommandInput, QueryCommandOutput, ScanCommandInput } from '@aws-sdk/client-dynamodb';
import { order, type Item } from '../expression/attribute-value.ts';
import { conditionOf } from '../expression/condition.ts';
import { checkPlaceholders, scopeOf } from './memory-expressions.ts';
import type { KeyNames, MemoryRows } from './memory-rows.ts';

type Page = Pick<QueryCommandOutput, 'Items' | 'Count' | 'ScannedCount' | 'LastEvaluatedKey'>;

/** One page of a query of the table or of one of its indexes, in the order of the sort key. */
export function query(rows: MemoryRows, input: QueryCommandInput): Page {
  const index = input.IndexName === undefined ? undefined : rows.index(input.IndexName);
  const key = index?.key ?? rows.key;
  const condition = conditionOf(input.KeyConditionExpression ?? '');
  const filter = input.FilterExpression === undefined ? undefined : conditionOf(input.FilterExpression);
  checkPlaceholders(input, condition, filter);
  const isThere = (item: Item): boolean =>
    item[key.hash] !== undefined && (key.sort === undefined || item[key.sort] !== undefined);
  const all = index ? rows.indexedUnder(input.IndexName ?? '', hashIn(input, key)) : rows.all;
  const upwards = bySort(rows, key);
  const order: Reading['order'] = input.ScanIndexForward === false ? (a, b) => upwards(b, a) : upwards;
  return page(all.filter(isThere).toSorted(order), input, {
    order,
    isFound: (item) => condition.holds(scopeOf(item, input)),
    placeOf: (item) => ({ ...keysOf(item, rows.key), ...keysOf(item, key) }),
    projected: index?.projected,
  });
}

/** The value that the hash key must have, where the condition begins with it, as all of this project do. */
function hashIn(input: QueryCommandInput, { hash }: KeyNames) {
  const [, name = ''] = new RegExp(`^${hash} = (:\\w+)`).exec(input.KeyConditionExpression ?? '') ?? [];
  return input.ExpressionAttributeValues?.[name];
}

/** One page of a scan, or of one segment of it. */
export function scan(rows: MemoryRows, input: ScanCommandInput): Page {
  const { Segment = 0, TotalSegments = 1 } = input;
  const filter = input.FilterExpression === undefined ? undefined : conditionOf(input.FilterExpression);
  checkPlaceholders(input, filter);
  const hashOf = (item: Item): number => rows.place(rows.idOf(item));
  const found = rows.scanned(Segment / TotalSegments, (Segment + 1) / TotalSegments);
  return page(found, input, {
    isFound: () => true,
    order: (a, b) => hashOf(a) - hashOf(b) || byText(rows.idOf(a), rows.idOf(b)),
    placeOf: (item) => keysOf(item, rows.key),
    projected: undefined,
  });
}

interface Reading {
  readonly isFound: (item: Item) => boolean;
  readonly order: (a: Item, b: Item) => number;
  /** The keys by which the next page finds where this one ended. */
  readonly placeOf: (item: Item) => Item;
  readonly projected: readonly string[] | undefined;
}

/** A page of rows in their order. As at AWS, one that is full names its last row even where no other follows. */
function page(
  rows: readonly Item[],
  input: QueryCommandInput & ScanCommandInput,
  { isFound, order, placeOf, projected }: Reading,
): Page {
  const { ExclusiveStartKey: after, Limit = Infinity } = input;
  const read: Item[] = [];
  for (const item of rows) {
    if (read.length === Limit) break;
    if ((after === undefined || order(item, after) > 0) && isFound(item)) read.push(item);
  }
  const filter = input.FilterExpression === undefined ? undefined : conditionOf(input.FilterExpression);
  const items = read.filter((item) => filter?.holds(scopeOf(item, input)) ?? true);
  const last = read.length === Limit ? read.at(-1) : undefined;
  return {
    ...(input.Select !== 'COUNT' && { Items: items.map((item) => seen(item, input, projected)) }),
    Count: items.length,
    ScannedCount: read.length,
    ...(last && { LastEvaluatedKey: placeOf(last) }),
  };
}

function seen(item: Item, input: QueryCommandInput, projected: readonly string[] | undefined): Item {
  if (input.ProjectionExpression !== undefined)
    return pick(item, namesIn(input.ProjectionExpression, input.ExpressionAttributeNames));
  return projected ? pick(item, projected) : item;
}

/** The attributes that a projection expression names; paths into documents are not known here. */
export function namesIn(expression: string, names: Record<string, string> = {}): string[] {
  return expression.split(',').map((part) => {
    const name = part.trim();
    if (!/^#?\w+$/.test(name)) throw new Error(`this table cannot project ${name}`);
    return name.startsWith('#') ? (names[name] ?? name) : name;
  });
}

/** Some attributes of a row. */
export const pick = (item: Item, names: readonly string[]): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));

const keysOf = (item: Item, { hash, sort }: KeyNames): Item => pick(item, sort === undefined ? [hash] : [hash, sort]);

/** Rows with the same sort key stand in an order that means nothing, but always in the same one. */
const bySort =
  (rows: MemoryRows, { sort }: KeyNames) =>
  (a: Item, b: Item): number => {
    const [one, other] = sort === undefined ? [] : [a[sort], b[sort]];
    return (one && other && order(one, other)) || byText(rows.idOf(a), rows.idOf(b));
  };

const byText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
