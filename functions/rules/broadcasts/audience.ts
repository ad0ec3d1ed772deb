import * as z from 'zod/mini';
import { hashOf } from '../canonical.ts';
import type { Link } from '../contacts/link.ts';
import { subjectOf, userIdSchema } from '../contacts/subject.ts';
import { currentFields } from '../contacts/desired.ts';

/** As many as fit into a request of 256 KiB and into one item of the table; more people are reached by `all` and a condition. */
const LISTED_MAX = 5_000;

const userIds = z.array(userIdSchema).check(z.minLength(1), z.maxLength(LISTED_MAX));
const contactIds = z.array(z.guid()).check(z.minLength(1), z.maxLength(LISTED_MAX));
const names = z.array(z.string().check(z.minLength(1), z.maxLength(256))).check(z.minLength(1), z.maxLength(50));

const narrowing = {
  /** Who gets nothing although the rest of the audience names them. */
  except: z.optional(z.strictObject({ userIds: z.optional(userIds), contactIds: z.optional(contactIds) })),
  /** Only users who have one of these roles, and every one of these attributes with this value. */
  where: z.optional(
    z.strictObject({
      roles: z.optional(names),
      attributes: z.optional(
        z.record(z.string().check(z.minLength(1), z.maxLength(256)), z.string().check(z.maxLength(2_048))),
      ),
    }),
  ),
};

/** Whom a broadcast is for. `all` are all users: never visitors, whom nobody knows. */
export const audienceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('users'), userIds, ...narrowing }),
  z.strictObject({ kind: z.literal('contacts'), contactIds, ...narrowing }),
  z.strictObject({ kind: z.literal('all'), ...narrowing }),
]);
export type Audience = z.infer<typeof audienceSchema>;

/** Why somebody whom the audience names gets no message. */
export type Exclusion = 'disabled' | 'deleted' | 'no_contact' | 'not_found';

/** Where a link stands: a recipient, named but not to be reached, or no part of the audience. */
export type Place = { readonly contactId: string } | { readonly excluded: Exclusion } | 'outside';

/** The audience with what has to be looked up often in it made ready. */
export interface AudienceRule {
  readonly audience: Audience;
  readonly sources: readonly string[];
  readonly exceptUsers: ReadonlySet<string>;
  readonly exceptContacts: ReadonlySet<string>;
}

export function audienceRule(audience: Audience, sources: readonly string[]): AudienceRule {
  const { userIds: users = [], contactIds: contacts = [] } = audience.except ?? {};
  return { audience, sources, exceptUsers: new Set(users), exceptContacts: new Set(contacts.map(lower)) };
}

/** Whether this link's person is to be reached. Who is not active is part of an audience only when named in it. */
export function placeOf(link: Link, rule: AudienceRule): Place {
  const { audience, exceptUsers, exceptContacts } = rule;
  const subject = subjectOf(link.pk);
  if (subject.kind === 'visitor' && audience.kind !== 'contacts') return 'outside';
  if (subject.kind === 'user' && exceptUsers.has(subject.userId)) return 'outside';
  if (link.contactId !== undefined && exceptContacts.has(link.contactId)) return 'outside';
  if (link.accountStatus !== 'active') return audience.kind === 'all' ? 'outside' : { excluded: link.accountStatus };
  if (!meets(link, rule)) return 'outside';
  return link.contactId === undefined ? { excluded: 'no_contact' } : { contactId: link.contactId };
}

function meets(link: Link, { audience: { where }, sources }: AudienceRule): boolean {
  if (!where) return true;
  const { roles, attributes } = currentFields(link.reports, sources);
  const hasRole = !where.roles || where.roles.some((role) => roles.includes(role));
  return (
    hasRole &&
    Object.entries(where.attributes ?? {}).every(
      ([name, value]) => Object.hasOwn(attributes, name) && attributes[name] === value,
    )
  );
}

/** The ids that are named, each once: nobody gets a message twice because of standing in a list twice. */
export function named(audience: Audience): readonly string[] {
  if (audience.kind === 'users') return [...new Set(audience.userIds)];
  return audience.kind === 'contacts' ? [...new Set(audience.contactIds.map(lower))] : [];
}

/** A hash of a set of recipients, in whatever order they come: of the sum of their hashes. */
export class AudienceHash {
  #sum = 0n;

  add(pk: string, contactId: string): void {
    this.#sum = (this.#sum + BigInt(`0x${hexOf(`${pk}\n${contactId}`)}`)) % 2n ** 256n;
  }

  get text(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }
}

const lower = (id: string): string => id.toLowerCase();
const hexOf = (text: string): string => Buffer.from(hashOf(text), 'base64url').toString('hex');
