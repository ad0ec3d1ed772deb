import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Link } from '../../rules/contacts/link.ts';
import { hasWithdrawn, WITHDRAWN_PK } from '../../rules/scim/withdrawn.ts';
import { batchGet } from '../aws/items.ts';
import { DynamoTable } from '../aws/table.ts';

/** Reads what directories are withdrawing together with each link, where ids are handed out. */
export class Withdrawals extends DynamoTable {
  /** What was being withdrawn when a row was read; not known of a row that a write has left. */
  readonly #known = new WeakMap<Link, readonly string[]>();

  /** The row as it is now, in one strongly consistent read of two. */
  async read(pk: string): Promise<Link | undefined> {
    const [link, entries] = await this.#both(pk);
    if (link) this.#known.set(link, entries);
    return link;
  }

  /** Whether a directory is taking a group away that this link still has: then no id may be handed out. */
  async hold(link: Link): Promise<boolean> {
    return hasWithdrawn(link, this.#known.get(link) ?? (await this.#both())[1]);
  }

  async #both(...pks: readonly string[]): Promise<[link: Link | undefined, entries: readonly string[]]> {
    const keys = [...pks, WITHDRAWN_PK].map((pk) => ({ pk: { S: pk } }));
    const items = await batchGet(this.client, this.tableName, keys, { ConsistentRead: true });
    const link = items.find(({ pk }) => pk?.S !== WITHDRAWN_PK);
    return [link && (unmarshall(link) as Link), items.find((item) => item !== link)?.['entries']?.SS ?? []];
  }
}
