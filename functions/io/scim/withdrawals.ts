import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Link } from '../../rules/contacts/link.ts';
import { hasWithdrawn, withdrawnKey } from '../../rules/scim/withdrawn.ts';
import { isDirectory, type SourceDeclaration } from '../../rules/sources/source.ts';
import type { Item } from '../aws/items.ts';
import { DynamoTable } from '../aws/table.ts';

/** Reads what the declared directories are withdrawing together with each link, where ids are handed out. */
export class Withdrawals extends DynamoTable {
  readonly #directories: readonly string[];
  /** What was being withdrawn when a row was read; not known of a row that a write has left. */
  readonly #known = new WeakMap<Link, readonly Item[]>();

  constructor(client: DynamoDBClient, tableName: string, directories: readonly string[]) {
    super(client, tableName);
    this.#directories = directories;
  }

  /** The row as it is now, in one strongly consistent read together with one row of each directory. */
  async read(pk: string): Promise<Link | undefined> {
    const items = await this.#all(pk);
    const item = items.find((one) => one['pk']?.S === pk);
    const link = item && (unmarshall(item) as Link);
    if (link) this.#known.set(link, items);
    return link;
  }

  /** Whether a directory is taking a group away that this link still has: then no id may be handed out. */
  async hold(link: Link): Promise<boolean> {
    const items = this.#known.get(link) ?? (await this.#all());
    const entriesOf = (source: string) => items.find(({ pk }) => pk?.S === withdrawnKey(source))?.['entries']?.SS ?? [];
    return this.#directories.some((source) => hasWithdrawn(link, source, entriesOf(source)));
  }

  #all(...pks: readonly string[]): Promise<Item[]> {
    return this.items([...pks, ...this.#directories.map(withdrawnKey)]);
  }
}

/** They, where the stage declares a directory. */
export function withdrawalsOf(sources: readonly SourceDeclaration[], client: DynamoDBClient, tableName: string) {
  const directories = sources.filter(isDirectory).map(({ name }) => name);
  return directories.length > 0 ? new Withdrawals(client, tableName, directories) : undefined;
}
