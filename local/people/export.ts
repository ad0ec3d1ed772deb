import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { systemClock } from '../../functions/io/clock.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import { linkKey, sourceIdOf, subjectOf } from '../../functions/rules/contacts/subject.ts';
import { withoutPeople } from '../../functions/rules/erasure/ledgers.ts';
import { mentions } from '../../functions/rules/erasure/mentions.ts';
import { idOf } from '../../functions/rules/scim/resource.ts';
import { isDirectory } from '../../functions/rules/scim/directory.ts';
import type { SourceDeclaration } from '../../functions/rules/sources/source.ts';
import type { Deployment } from '../commands/deployment.ts';
import { finderOf } from './texts.ts';

type Row = Record<string, unknown> & { readonly pk: string; readonly record?: Record<string, string> };

/** No data of anybody: leases, marks and hashes. `mcpCredentials` are other systems' secrets. */
const SECRET = /^(lease|sent[HP]|(settled|revised|closed|kept)By$|mcp|(confirmed|desired)Permissions$)|Hash$/;

/** A row, or a contact, without what is no data of anybody. */
export const withoutSecrets = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !SECRET.test(name)));

/** The user's link, and those of the visitors who became this user. */
export async function linksOf(userId: string, deployment: Deployment): Promise<readonly Link[]> {
  const { client, tableName } = await deployment.links();
  const table = new DynamoLinkTable(client, tableName, systemClock);
  const own = await table.read(linkKey({ kind: 'user', userId }));
  const keys = own?.visitors?.map((visitorId) => linkKey({ kind: 'visitor', visitorId })) ?? [];
  const visitors = await Promise.all(keys.map((pk) => table.read(pk)));
  client.destroy();
  return [own, ...visitors].filter((link) => link !== undefined);
}

/**
 * Says which part of something that is kept is held of this user, and of nobody else: as an erasure decides it (`mentions`, `withoutPeople`), so
 * that nothing is erased that would not have been shown. Contacts come after the rows that name them.
 */
export function holding(userId: string, links: readonly Link[], sources: readonly SourceDeclaration[]) {
  const keys = new Set<unknown>(links.map(({ pk }) => pk));
  const lives = ({ pk, generation }: Link) =>
    Array.from({ length: generation }, (_, life) => sourceIdOf(subjectOf(pk), life + 1));
  const sourceIds = new Set<unknown>(links.flatMap(lives));
  const contactIds = new Set<unknown>();
  const people = links.map(({ pk, contactId = [], erasedContacts = [] }) => ({
    pk,
    since: 0,
    contactIds: [contactId, erasedContacts.map((one) => one.contactId)].flat(2),
  }));
  const without = (row: Row) => withoutPeople(row as never, people, String) as unknown as Row;
  const link = (row: Row) => keys.has(row.pk) && row;
  const ids = sources.filter(isDirectory).map((source) => idOf(source, userId));
  const isOf = (list: unknown) => list instanceof Set && ids.some((id) => list.has(id));
  const rows: Readonly<Record<string, (row: Row) => unknown>> = {
    user: link,
    visitor: link,
    contact: (row) => keys.has(row['holder']) && contactIds.add(row.pk.slice('contact#'.length)) && row,
    read: (row) => row['userId'] === userId && row,
    'full-read': ({ findings = [] }) => (findings as { userId: string }[]).find((one) => one.userId === userId),
    scim: (row) => row['userId'] === userId && row,
    // Both say nothing that the row before does not, but in which directory's group the user is before that row says so.
    'scim-key': (row) => ids.includes(String(row['id'])) && row,
    'scim-members': ({ pk, ...row }) => (isOf(row['members']) || isOf(row['pending'])) && { pk, isNamed: true },
    event: (row) => mentions({ eventId: row.pk }, undefined, 0)(userId) && row,
    quarantined: ({ record, ...row }) => {
      const source = sources.find(({ name }) => name === row['source']);
      const isAbout = mentions({ eventId: String(row['eventId']), ...(record && { record }) }, source, Date.now());
      const { json, body, start } = record ?? {};
      return isAbout(userId) && { ...row, event: json ?? Buffer.from(body ?? start ?? '', 'base64').toString() };
    },
    broadcast: (row) => row['audience'] && without(row) !== row && { isNamed: true },
    run: (row) => {
      const { recipients } = row as { recipients?: readonly Row[] };
      const others = recipients && (without({ ...row, dueAt: undefined })['recipients'] as typeof recipients);
      const own = recipients?.filter((one) => !others?.includes(one)) ?? [];
      return own.length > 0 && { recipients: own };
    },
  };
  const [findWord, findId] = [finderOf(links.flatMap(({ pseudonym = [] }) => pseudonym)), finderOf([userId])];
  return (where: string, value: unknown): unknown => {
    const row = value as Row;
    if (where.startsWith('table')) return rows[row.pk.slice(0, row.pk.indexOf('#'))]?.(row);
    if (where === 'maiagent') return (contactIds.has(row['id']) || sourceIds.has(row['sourceId'])) && row;
    if (where.startsWith('log')) return findWord(value).length > 0 && value;
    // A batch holds other people too.
    return findId(value).length > 0 && { isNamed: true };
  };
}
