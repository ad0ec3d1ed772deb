import { createHash } from 'node:crypto';
import type { AttributeValue, CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { typeOf, type Item } from '../expression/attribute-value.ts';

/** A hash key and perhaps a sort key. */
export interface KeyNames {
  readonly hash: string;
  readonly sort: string | undefined;
}

export interface Index {
  readonly key: KeyNames;
  /** The attributes that the index carries; `undefined` for all. */
  readonly projected: readonly string[] | undefined;
}

/** How far the indexes are behind their tables, in ms, by which clock. */
export interface IndexLag {
  now(): number;
  ms(): number;
}

/** The rows of one table, in memory. Rows are never changed in place, so whoever has one keeps it as it was. */
export class MemoryRows {
  readonly key: KeyNames;
  readonly #indexes = new Map<string, Index>();
  readonly #types: ReadonlyMap<string, string>;
  readonly #rows = new Map<string, Item>();
  /** Which rows an index holds under each hash key, by the index's name and the key. */
  readonly #partitions = new Map<string, Set<string>>();
  readonly #places = new Map<string, number>();
  readonly #lag: IndexLag | undefined;
  /** The keys in the order of a scan, as long as none comes or goes. */
  #order: readonly string[] | undefined;
  /** What was there before each of the last writes, the oldest first. */
  #former: { readonly id: string; readonly before: Item | undefined; readonly atMs: number }[] = [];

  constructor(schema: CreateTableCommandInput, lag?: IndexLag) {
    this.#lag = lag;
    this.key = keyNames(schema);
    this.#types = new Map(
      schema.AttributeDefinitions?.map((one) => [one.AttributeName ?? '', one.AttributeType ?? '']),
    );
    for (const index of schema.GlobalSecondaryIndexes ?? []) {
      const key = keyNames(index);
      const { ProjectionType, NonKeyAttributes = [] } = index.Projection ?? {};
      const keys = [this.key.hash, this.key.sort, key.hash, key.sort].filter((name) => name !== undefined);
      const projected = ProjectionType === 'ALL' ? undefined : [...keys, ...NonKeyAttributes];
      this.#indexes.set(index.IndexName ?? '', { key, projected });
    }
  }

  index(name: string): Index {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`there is no index ${name}`);
    return index;
  }

  get all(): Item[] {
    return [...this.#rows.values()];
  }

  /** Every row as the indexes have it: they learn of a write when some time has passed. */
  get indexed(): Item[] {
    const lag = this.#lag;
    if (!lag) return this.all;
    const fromMs = lag.now() - lag.ms();
    this.#former = this.#former.filter(({ atMs }) => atMs > fromMs);
    if (this.#former.length === 0) return this.all;
    const rows = new Map(this.#rows);
    for (const { id, before } of this.#former.toReversed()) {
      if (before) rows.set(id, before);
      else rows.delete(id);
    }
    return [...rows.values()];
  }

  /** The rows of an index with this hash key, or more. */
  indexedUnder(name: string, hash: AttributeValue | undefined): Item[] {
    const isBehind = this.#former.length > 0;
    if (isBehind || hash?.S === undefined) return this.indexed;
    const ids = [...(this.#partitions.get(`${name} ${hash.S}`) ?? [])];
    return ids.map((id) => this.#rows.get(id)).filter((row) => row !== undefined);
  }

  /** One text for the key of a row; throws where a part of the key is missing, or of another type than the table says. */
  idOf(item: Item): string {
    const { hash, sort } = this.key;
    this.#check(item, hash, true);
    if (sort === undefined) return item[hash]?.S ?? '';
    this.#check(item, sort, true);
    return JSON.stringify([item[hash], item[sort]]);
  }

  get(id: string): Item | undefined {
    return this.#rows.get(id);
  }

  put(id: string, item: Item): void {
    // An index cannot carry a value of another type, and DynamoDB refuses such a row.
    for (const { key } of this.#indexes.values())
      for (const name of [key.hash, key.sort]) if (name !== undefined) this.#check(item, name, false);
    this.#note(id);
    this.#leave(id);
    if (!this.#rows.has(id)) this.#order = undefined;
    this.#rows.set(id, item);
    for (const partition of this.#partitionsOf(item))
      this.#partitions.set(partition, (this.#partitions.get(partition) ?? new Set()).add(id));
  }

  delete(id: string): void {
    this.#note(id);
    this.#leave(id);
    this.#order = undefined;
    this.#rows.delete(id);
  }

  #leave(id: string): void {
    for (const partition of this.#partitionsOf(this.#rows.get(id) ?? {})) this.#partitions.get(partition)?.delete(id);
  }

  #partitionsOf(item: Item): string[] {
    return [...this.#indexes].flatMap(([name, { key }]) => {
      const hash = item[key.hash]?.S;
      return hash === undefined ? [] : `${name} ${hash}`;
    });
  }

  #note(id: string): void {
    const lag = this.#lag;
    if (lag && lag.ms() > 0) this.#former.push({ id, before: this.#rows.get(id), atMs: lag.now() });
  }

  /** The rows of a part of a scan, from 0 to 1, in the order of the scan. */
  scanned(from: number, to: number): Item[] {
    this.#order ??= [...this.#rows.keys()].toSorted((a, b) => this.place(a) - this.place(b) || (a < b ? -1 : 1));
    const isThere = (id: string): boolean => this.place(id) >= from * 2 ** 32 && this.place(id) < to * 2 ** 32;
    const rows = this.#order.filter(isThere).map((id) => this.#rows.get(id));
    return rows.filter((row) => row !== undefined);
  }

  /** Where a row stands in a scan, from 0 to 2³²: by the hash of its key, which is no order that anybody should count on. */
  place(id: string): number {
    const known = this.#places.get(id) ?? createHash('sha256').update(id).digest().readUInt32BE();
    this.#places.set(id, known);
    return known;
  }

  #check(item: Item, name: string, isNeeded: boolean): void {
    const value = item[name];
    if (value === undefined ? isNeeded : typeOf(value) !== this.#types.get(name) || value.S === '')
      throw new Error(`the key ${name} is missing, empty or of another type: ${JSON.stringify(value)}`);
  }
}

function keyNames({ KeySchema = [] }: Pick<CreateTableCommandInput, 'KeySchema'>): KeyNames {
  const nameOf = (type: string) => KeySchema.find(({ KeyType }) => KeyType === type)?.AttributeName;
  const hash = nameOf('HASH');
  if (hash === undefined) throw new Error('a key needs a hash key');
  return { hash, sort: nameOf('RANGE') };
}
