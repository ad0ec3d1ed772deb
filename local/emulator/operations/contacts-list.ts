import type { ContactRow } from '../state/rows.ts';
import type { World } from '../state/world.ts';
import { notFound, type ApiRequest, type Reply } from '../exchange.ts';
import { pageOf } from '../page.ts';
import { contactOut } from '../wire.ts';

/**
 * `GET contacts/`: the contacts that are not deleted, by age, narrowed by `inboxes` or `inbox`,
 * `query` (part of name, sourceId or id, in any case of letters) and `search` (part of name, e-mail, phone or sourceId).
 */
export function listContacts(world: World, request: ApiRequest): Reply {
  const wanted = inboxesIn(request.query);
  const query = request.query.get('query')?.toLowerCase() ?? '';
  const search = request.query.get('search')?.toLowerCase() ?? '';
  const visibleUntil = world.store.now() - world.switches.searchDelayMs;
  const rows = world.store.liveContacts.filter(
    (contact) =>
      (wanted === undefined || contact.inboxes.some((id) => wanted.has(id))) &&
      (query === '' || holds(query, contact.name, contact.sourceId, contact.id)) &&
      (search === '' || holds(search, contact.name, contact.email, contact.phoneNumber, contact.sourceId)) &&
      (world.switches.searchDelayMs === 0 || contact.createdAt <= visibleUntil),
  );
  const sorted = rows.toSorted(byAge);
  const inOrder = world.switches.listOrder === 'newest' ? sorted.toReversed() : sorted;
  return pageOf(world, request, inOrder, (contact) => contactOut(world, contact));
}

/** `GET contacts/{id}/`: the contact, or 404 where it is unknown or deleted. */
export function retrieveContact(world: World, { id }: ApiRequest): Reply {
  const contact = world.store.contact(id);
  return contact === undefined ? notFound : { status: 200, body: contactOut(world, contact) };
}

/** The inboxes that a query asks for: `inboxes`, once, repeated or with commas, else `inbox`; undefined where it asks for all. */
export function inboxesIn(query: URLSearchParams): Set<string> | undefined {
  const given = query.has('inboxes') ? query.getAll('inboxes') : query.getAll('inbox');
  const ids = given.flatMap((value) => value.split(',')).map((id) => id.trim().toLowerCase());
  const wanted = ids.filter((id) => id !== '');
  return wanted.length === 0 ? undefined : new Set(wanted);
}

function holds(part: string, ...values: (string | number | null)[]): boolean {
  return values.some((value) => value !== null && String(value).toLowerCase().includes(part));
}

function byAge(a: ContactRow, b: ContactRow): number {
  return a.createdAt - b.createdAt;
}
