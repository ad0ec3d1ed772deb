import * as z from 'zod/mini';
import { hashOf } from '../canonical.ts';
import type { Link } from '../contacts/link.ts';
import { linkKey, subjectOf } from '../contacts/subject.ts';
import { believed, type Witness } from '../contacts/believe.ts';
import { keyOf, valueOf } from '../contacts/permissions.ts';
import { testSchema, type Test } from '../permission-rules.ts';
import { maxLength, minLength } from '../length.ts';
import { userIdSchema, uuidSchema } from '../id-schemas.ts';

/** As many ids as fit into a request of 256 KiB and one item of the table. A larger audience uses `all` with a condition. */
const LISTED_MAX = 5_000;

const userIds = z.array(userIdSchema).check(minLength(1), maxLength(LISTED_MAX));
const contactIds = z.array(uuidSchema).check(minLength(1), maxLength(LISTED_MAX));
const names = z.array(z.string().check(minLength(1), maxLength(256))).check(minLength(1), maxLength(50));

const tests = z.array(testSchema).check(minLength(1), maxLength(20));

/**
 * Only users who have one of these roles, one of these groups, and every one of these attributes with this value; who pass `all` of these
 * tests and `any` of those, in the words of permission rules.
 */
const where = z.optional(
  z.strictObject({
    roles: z.optional(names),
    groups: z.optional(names),
    attributes: z.optional(
      z.record(z.string().check(minLength(1), maxLength(256)), z.string().check(maxLength(2_048))),
    ),
    all: z.optional(tests),
    any: z.optional(tests),
  }),
);
/** Exceptions: these people get nothing, even if the rest of the audience includes them. */
const except = z.optional(z.strictObject({ userIds: z.optional(userIds), contactIds: z.optional(contactIds) }));
const narrowing = { except, where };

/** The audience of a broadcast. `all` means all users and never visitors, who are anonymous. */
export const audienceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('users'), userIds, ...narrowing }),
  z.strictObject({ kind: z.literal('contacts'), contactIds, ...narrowing }),
  z.strictObject({ kind: z.literal('all'), ...narrowing }),
]);
export type Audience = z.infer<typeof audienceSchema>;

/** The audience as it is shown: without the contact ids, where the caller may not see any, because a contact id opens a chat. */
const hidden = z.optional(
  z.strictObject({ userIds: z.optional(userIds), contactIds: z.optional(z.nullable(contactIds)) }),
);
export const shownAudienceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('users'), userIds, where, except: hidden }),
  z.strictObject({ kind: z.literal('contacts'), contactIds: z.nullable(contactIds), where, except: hidden }),
  z.strictObject({ kind: z.literal('all'), where, except: hidden }),
]);
type ShownAudience = z.infer<typeof shownAudienceSchema>;

export function shownAudience(audience: Audience, seesContacts: boolean): ShownAudience {
  if (seesContacts) return audience;
  const hiding = audience.except?.contactIds && { except: { ...audience.except, contactIds: null } };
  return audience.kind === 'contacts' ? { ...audience, contactIds: null, ...hiding } : { ...audience, ...hiding };
}

/** True where the audience names people or picks them by what they are: its numbers then tell of single persons. */
export const singlesOut = ({ kind, where, except }: Audience): boolean =>
  kind !== 'all' || where !== undefined || except !== undefined;

/** The reason why a person in the audience gets no message. */
export type Exclusion = 'disabled' | 'deleted' | 'no_contact' | 'not_found';

/** Somebody whom an audience names, or who was read for it; `link` is `undefined` where a named id has none. */
export interface Candidate {
  readonly id: string;
  readonly link: Link | undefined;
  /** True of a contact that somebody had. */
  readonly wasHeld?: boolean;
}

/** What somebody is to an audience: a recipient, named but unreachable, or outside. */
export type Place = { readonly contactId: string } | { readonly excluded: Exclusion } | 'outside';

/** The audience with its lists as sets, because each link is looked up in them. */
export interface AudienceRule {
  readonly audience: Audience;
  readonly witnesses: readonly Witness[];
  readonly exceptUsers: ReadonlySet<string>;
  readonly exceptContacts: ReadonlySet<string>;
  /** The links that hold or held an excepted contact. */
  readonly exceptKeys: ReadonlySet<string>;
}

export function audienceRule(
  audience: Audience,
  witnesses: readonly Witness[],
  exceptKeys: readonly string[] = [],
): AudienceRule {
  const { userIds: users = [], contactIds: contacts = [] } = audience.except ?? {};
  const [exceptUsers, exceptContacts] = [new Set(users), new Set(contacts)];
  return { audience, witnesses, exceptUsers, exceptContacts, exceptKeys: new Set(exceptKeys) };
}

/** True of whoever holds or held an excepted contact, as themselves or as the visitor whom they were. */
export const isHolder = ({ pk, visitors = [] }: Pick<Link, 'pk' | 'visitors'>, { exceptKeys }: AudienceRule): boolean =>
  [pk, ...visitors.map((visitorId) => linkKey({ kind: 'visitor', visitorId }))].some((key) => exceptKeys.has(key));

/** Decides whether somebody is a recipient. People who are not active belong to an audience only if it names them. */
export function placeOf({ id, link }: Candidate, rule: AudienceRule): Place {
  const { audience, exceptUsers, exceptContacts } = rule;
  if (!link) return exceptUsers.has(id) || exceptContacts.has(id) ? 'outside' : { excluded: 'not_found' };
  const subject = subjectOf(link.pk);
  if (subject.kind === 'visitor' && audience.kind !== 'contacts') return 'outside';
  if (subject.kind === 'user' && exceptUsers.has(subject.userId)) return 'outside';
  if (isHolder(link, rule) || exceptContacts.has(link.contactId ?? '')) return 'outside';
  if (link.accountStatus !== 'active') return audience.kind === 'all' ? 'outside' : { excluded: link.accountStatus };
  if (!meets(link, rule)) return 'outside';
  return link.contactId === undefined ? { excluded: 'no_contact' } : { contactId: link.contactId };
}

/** Whoever of whom it is unknown whether the condition holds is not reached. */
function meets(link: Link, { audience: { where }, witnesses }: AudienceRule): boolean {
  if (!where) return true;
  const passes = (test: Test): boolean => {
    const belief = believed(keyOf(test), link.reports, witnesses);
    if (belief.kind !== 'known') return false;
    return typeof belief.value === 'string' ? belief.value === valueOf(test) : belief.value.includes(valueOf(test));
  };
  const { roles, groups, attributes = {}, all = [], any } = where;
  const oneOf = [roles?.map((role) => ({ role })), groups?.map((group) => ({ group })), any];
  const every = [...Object.entries(attributes).map(([attribute, equals]) => ({ attribute, equals })), ...all];
  return oneOf.every((ones) => !ones || ones.some(passes)) && every.every(passes);
}

/** The named ids without duplicates, so that nobody gets a message twice. */
export function named(audience: Audience): readonly string[] {
  if (audience.kind === 'users') return [...new Set(audience.userIds)];
  return audience.kind === 'contacts' ? [...new Set(audience.contactIds)] : [];
}

/** A hash of a set of recipients that does not depend on their order, because it adds up their hashes. */
export class AudienceHash {
  #sum = 0n;

  add(pk: string, contactId: string): void {
    this.#sum = (this.#sum + BigInt(`0x${hexOf(`${pk}\n${contactId}`)}`)) % 2n ** 256n;
  }

  get text(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }
}

const hexOf = (text: string): string => Buffer.from(hashOf(text), 'base64url').toString('hex');
