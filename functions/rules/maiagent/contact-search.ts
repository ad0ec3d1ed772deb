import type { Failure } from './outcome.ts';

/** A contact as far as the bridge looks at it. `undefined` where the reply left a field out, `null` where it said none. */
export interface Contact {
  readonly id: string;
  readonly sourceId: string | null | undefined;
  /** The ids of the inboxes it is in. */
  readonly inboxIds: readonly string[] | undefined;
  readonly name: string;
  readonly email: string | undefined;
  readonly phoneNumber: string | undefined;
  readonly avatar: string | undefined;
  readonly queryMetadata: unknown;
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
  readonly createdAtMs: number | undefined;
}

/** All pages of one search: what could be read, how many elements could not, and the total as the last page gave it. */
export interface SearchPages {
  readonly contacts: readonly Contact[];
  readonly unreadable: number;
  /** `undefined` where the reply was a plain list, which is complete by itself. */
  readonly count: number | undefined;
  /** False when a page failed or a limit was reached. */
  readonly isComplete: boolean;
}

/** Three-valued on purpose: only a conclusive `none` permits a create (design §5). */
export type Search =
  | { readonly kind: 'found'; readonly contact: Contact; readonly extraIds: readonly string[] }
  | { readonly kind: 'none' }
  /** `failure` says why a page could not be had, where that was the reason. */
  | { readonly kind: 'inconclusive'; readonly failure?: Failure };

/** Whether a search is for the subject's contact, where one proven match is enough, or for every contact that has to go. */
export type SearchFor = 'one' | 'all';

/**
 * Decides on the pages of a fuzzy search by exact comparison. Several exact matches mean that MaiAgent's own uniqueness failed:
 * everyone takes the oldest, by id where the age is the same, and the others are named. That there is none, or no other, only all
 * pages can say.
 */
export function searchResult(pages: SearchPages, sourceId: string, inboxId: string, searchFor: SearchFor): Search {
  const contacts = [...new Map(pages.contacts.map((contact) => [contact.id, contact])).values()];
  const isWhole = pages.isComplete && (pages.count ?? contacts.length) === contacts.length;
  const isUnclear = pages.unreadable > 0 || contacts.some((one) => couldBe(one, sourceId, inboxId));
  const [oldest, ...extra] = contacts.filter((one) => isContactOf(one, sourceId, inboxId)).toSorted(byAge);
  if (isUnclear || !(isWhole || (oldest && searchFor === 'one'))) return { kind: 'inconclusive' };
  if (!oldest) return { kind: 'none' };
  return { kind: 'found', contact: oldest, extraIds: extra.map(({ id }) => id) };
}

/** Whether a reply itself shows that this contact has exactly our `sourceId` in exactly our inbox. What it leaves out proves nothing. */
export const isContactOf = (one: Contact, sourceId: string, inboxId: string): boolean =>
  one.sourceId === sourceId && one.inboxIds !== undefined && one.inboxIds.includes(inboxId);

/** A reply that leaves out what the decision needs cannot be decided upon. */
const couldBe = (one: Contact, sourceId: string, inboxId: string): boolean =>
  (one.sourceId === undefined && one.inboxIds?.includes(inboxId) !== false) ||
  (one.sourceId === sourceId && one.inboxIds === undefined);

const byAge = (a: Contact, b: Contact): number =>
  (a.createdAtMs ?? Infinity) - (b.createdAtMs ?? Infinity) || (a.id < b.id ? -1 : 1);
