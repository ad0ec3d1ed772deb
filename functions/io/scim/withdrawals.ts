import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Link } from '../../rules/contacts/link.ts';
import { hasWithdrawn, withdrawnKey } from '../../rules/scim/withdrawn.ts';
import { isDirectory } from '../../rules/scim/directory.ts';
import type { SourceDeclaration } from '../../rules/sources/source.ts';
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
    const link = linkIn(items, pk);
    if (link) this.#known.set(link, items);
    return link;
  }

  /** Whether a directory is taking a group away that this link still has: then no id may be handed out. */
  async hold(link: Link): Promise<boolean> {
    const known = this.#known.get(link);
    const items = known ?? (await this.#all(link.pk));
    const now = known ? link : linkIn(items, link.pk);
    // Since a write left this row, a withdrawal may have ended that took something from the link: then the row says so, and not the withdrawal.
    if (now?.desiredPermissions !== link.desiredPermissions) return true;
    const entriesOf = (source: string) => items.find(({ pk }) => pk?.S === withdrawnKey(source))?.['entries']?.SS ?? [];
    return this.#directories.some((source) => hasWithdrawn(now, source, entriesOf(source)));
  }

  /** From one reply, which takes less time than a withdrawal is held: one read later may have ended, while the link as read still has the group. */
  #all(pk: string): Promise<Item[]> {
    return this.items([pk, ...this.#directories.map(withdrawnKey)], true);
  }
}

function linkIn(items: readonly Item[], pk: string): Link | undefined {
  const item = items.find((one) => one['pk']?.S === pk);
  return item && (unmarshall(item) as Link);
}

/** They, where the stage declares a directory. */
export function withdrawalsOf(sources: readonly SourceDeclaration[], client: DynamoDBClient, tableName: string) {
  const directories = sources.filter(isDirectory).map(({ name }) => name);
  return directories.length > 0 ? new Withdrawals(client, tableName, directories) : undefined;
}
