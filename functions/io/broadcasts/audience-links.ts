import { unmarshall } from '@aws-sdk/util-dynamodb';
import {
  audienceRule,
  named,
  type Audience,
  type AudienceRule,
  type Candidate,
} from '../../rules/broadcasts/audience.ts';
import type { Witness } from '../../rules/contacts/believe.ts';
import type { Link } from '../../rules/contacts/link.ts';
import { linkKey } from '../../rules/contacts/subject.ts';
import { holderKey } from '../aws/contact-holder.ts';
import { queryPage, scanPage, type Item } from '../aws/items.ts';
import { DynamoTable } from '../aws/table.ts';

/** What an audience names, a page at a time. */
export interface AudiencePage {
  readonly found: readonly Candidate[];
  /** Where the next page begins; `undefined` after the last one. */
  readonly next: string | undefined;
}

/** The links of an audience. What is read may be old by a second: a claim looks again. */
export type AudienceLinks = Pick<DynamoAudienceLinks, keyof DynamoAudienceLinks>;

const NAMED_MAX = 100;
const SCANNED_MAX = 500;

export class DynamoAudienceLinks extends DynamoTable {
  /** The page that begins at `from`, which is empty for the first one. */
  async page(audience: Audience, from: string): Promise<AudiencePage> {
    if (audience.kind === 'all') return this.#scan(from);
    const start = Number(from || '0');
    const ids = named(audience);
    const slice = ids.slice(start, start + NAMED_MAX);
    const keys = audience.kind === 'users' ? slice.map(userKey) : await Promise.all(slice.map((id) => this.#keyOf(id)));
    const held = audience.kind === 'users' ? [] : slice.map(holderKey);
    const links = await this.#links([...keys.filter((key) => key !== undefined), ...held]);
    const found = slice.map(async (id, index): Promise<readonly Candidate[]> => {
      const link = links.get(keys[index] ?? '');
      // The index may show a contact that the link has no more.
      if (audience.kind === 'contacts' && link?.contactId !== id)
        return [{ id, link: undefined, wasHeld: links.has(holderKey(id)) }];
      return link?.promotedTo === undefined ? [{ id, link }] : this.#promoted(id, link.promotedTo, new Set(ids));
    });
    const end = start + NAMED_MAX;
    return { found: (await Promise.all(found)).flat(), next: end < ids.length ? String(end) : undefined };
  }

  /**
   * A visitor who became a user is that user, with that user's contact. Of several named contacts of one person one counts, on whatever page:
   * the user's own, or else that of the earliest visitor.
   */
  async #promoted(id: string, userId: string, named: ReadonlySet<string>): Promise<readonly Candidate[]> {
    const pk = userKey(userId);
    const user = (await this.#links([pk])).get(pk);
    const keys = (user?.visitors ?? []).map((visitorId) => linkKey({ kind: 'visitor', visitorId }));
    const visitors = await this.#links(keys);
    const contactIds = [user?.contactId, ...keys.map((key) => visitors.get(key)?.contactId)];
    const first = contactIds.find((one) => one !== undefined && named.has(one)) ?? id;
    return first === id ? [{ id, link: user }] : [];
  }

  async #scan(from: string): Promise<AudiencePage> {
    const { items, next } = await scanPage(this.client, {
      TableName: this.tableName,
      Limit: SCANNED_MAX,
      ...(from !== '' && { ExclusiveStartKey: { pk: { S: from } } }),
    });
    const links = items.filter((item) => item['pk']?.S?.startsWith('user#')).map((item) => unmarshall(item) as Link);
    return { found: links.map((link) => ({ id: link.pk, link })), next: next?.['pk']?.S };
  }

  async #keyOf(contactId: string): Promise<string | undefined> {
    const { items } = await queryPage(this.client, {
      TableName: this.tableName,
      IndexName: 'ByContact',
      KeyConditionExpression: 'contactId = :contact',
      ExpressionAttributeValues: { ':contact': { S: contactId } },
      Limit: 1,
    });
    return items[0]?.['pk']?.S;
  }

  /** The audience as it is decided by. Who is excepted by a contact stays so with later contacts. */
  async rule(audience: Audience, witnesses: readonly Witness[]): Promise<AudienceRule> {
    const rows = await this.#rows((audience.except?.contactIds ?? []).map(holderKey));
    const holders = rows.flatMap(({ holder }) => holder?.S ?? []);
    return audienceRule(audience, witnesses, holders);
  }

  async #links(keys: readonly string[]): Promise<ReadonlyMap<string, Link>> {
    const links = (await this.#rows(keys)).map((item) => unmarshall(item) as Link);
    return new Map(links.map((link) => [link.pk, link]));
  }

  #rows(keys: readonly string[]): Promise<Item[]> {
    return this.items([...new Set(keys)]);
  }
}

const userKey = (userId: string): string => linkKey({ kind: 'user', userId });
