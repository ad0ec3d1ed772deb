import * as z from 'zod/mini';
import { hashOf } from '../canonical.ts';
import { nothing } from '../contacts/desired.ts';
import { differingFields, permissionsHash } from '../contacts/drift.ts';
import { isLeased, isOutstanding, type Link } from '../contacts/link.ts';
import type { ErasedContact } from '../erasure/erasure.ts';
import { linkKey, subjectUnder } from '../contacts/subject.ts';
import type { Contact } from './contact-search.ts';
import { without } from './refused-fields.ts';

/** A difference as it is planned. What it says is mended only while both marks are the same. */
export const differenceSchema = z.object({
  /**
   * `missing`: MaiAgent has the contact no more. `elsewhere`: it is not in our inbox, or not under our `sourceId`. `doubled`: it is another one
   * beside the contact of the link; `extra`: one of somebody who is deleted; `left_behind`: one of an earlier generation.
   */
  kind: z.enum(['missing', 'extra', 'foreign_edit', 'permission', 'elsewhere', 'doubled', 'left_behind']),
  pk: z.string(),
  contactId: z.string(),
  /** What was edited, by the names of the fields and never by their values. */
  fields: z.optional(z.array(z.string())),
  /** The marks of the link, and of the contact as MaiAgent shows it. */
  link: z.string(),
  contact: z.string(),
});
export type Difference = z.infer<typeof differenceSchema>;

/** A contact that may differ from its link; without an id all that MaiAgent may have of the link's subject. */
const lookSchema = z.object({ pk: z.string(), contactId: z.optional(z.string()) });
export type Look = z.infer<typeof lookSchema>;

/** A page of MaiAgent's list: what is to be compared, because a list may lag and show less than a contact, and what no link knows. */
export const listedSchema = z.object({
  looks: z.array(lookSchema),
  seen: z.array(z.string()),
  orphans: z.array(z.object({ contactId: z.string(), sourceId: z.nullable(z.string()) })),
  next: z.optional(z.string()),
});
export type Listed = z.infer<typeof listedSchema>;

/**
 * `underWay`: how many were passed over, because their link is being worked on. `unknown`: how many have none. `left`: for which
 * there was no time.
 */
export const comparedSchema = z.object({
  differences: z.array(differenceSchema),
  underWay: z.number(),
  unknown: z._default(z.number(), 0),
  left: z.optional(z.array(lookSchema)),
});

/** What became of each difference: it is put right, or left alone for this reason. */
export const mendedSchema = z.array(z.extend(differenceSchema, { why: z.optional(z.string()) }));
export type Mended = z.infer<typeof mendedSchema>;

/** True where nothing is under way between the link and MaiAgent, so that a difference is nobody's work in progress. */
export const isQuiet = (link: Link, nowMs: number): boolean => !isOutstanding(link) && !isLeased(link, nowMs);

/** What is wrong with the contact, `undefined` if it is as it should be. `contact` is `undefined` where MaiAgent certainly has none. */
export function differenceOf(
  link: Link,
  contactId: string,
  contact: Contact | undefined,
  inboxId: string,
): Difference | undefined {
  const edited = contact ? differingFields(contact, without(link.desired, link.refusedFields)) : [];
  const isBound = link.contactId === contactId;
  const kind = contact ? kindOf(link, contact, edited, inboxId) : isBound && isAlive(link) ? 'missing' : undefined;
  if (kind === undefined) return undefined;
  const { pk, revision, desiredHash, confirmedHash, generation, contactId: bound } = link;
  return {
    kind,
    pk,
    contactId,
    ...(kind === 'foreign_edit' && { fields: edited }),
    link: hashOf([revision, desiredHash, confirmedHash, generation, bound ?? null]),
    contact: hashOf(contact ?? null),
  };
}

const isAlive = ({ accountStatus }: Link): boolean => accountStatus !== 'deleted';

function kindOf(
  link: Link,
  contact: Contact,
  edited: readonly string[],
  inboxId: string,
): Difference['kind'] | undefined {
  const { id, sourceId, inboxIds } = contact;
  const isOurs = sourceId === link.sourceId;
  // Of a disabled user nothing may be bound; what there is under the id is kept for the return.
  if (isAlive(link) && (link.contactId === id || (link.contactId === undefined && isOurs))) {
    // What a reply leaves out proves nothing.
    if ((sourceId !== undefined && !isOurs) || inboxIds?.includes(inboxId) === false) return 'elsewhere';
    return edited.includes('queryMetadata') ? 'permission' : edited.length > 0 ? 'foreign_edit' : undefined;
  }
  if (sourceId === undefined || inboxIds === undefined) return undefined;
  const erased = link.erasedContacts?.find(({ contactId }) => contactId === id);
  if (erased?.how === 'anonymised' && isAsErased(contact, erased)) return undefined;
  if (isOurs) return isAlive(link) ? 'doubled' : 'extra';
  // What is neither of an earlier generation nor was erased once was never ours, whoever claimed it.
  const subject = subjectUnder(sourceId ?? '');
  return erased || (subject && linkKey(subject) === link.pk) ? 'left_behind' : undefined;
}

/** Whether a contact that MaiAgent will not delete still is what it was made. */
const isAsErased = (contact: Contact, { permissions }: ErasedContact): boolean =>
  permissionsHash(contact.queryMetadata) === permissions &&
  differingFields(contact, { ...nothing, queryMetadata: {} }).every((field) => field === 'queryMetadata');
