import { hashOf } from '../canonical.ts';
import { grantFor, queryMetadataOf, type PermissionRules } from './permissions.ts';
import { isTime } from './version.ts';
import { accountStatusOf, type ReportsBySource, type SourceReport } from './reports.ts';
import { noFields, type UserFields } from './user-fields.ts';
import type { Subject } from './subject.ts';

/** MaiAgent's own name for somebody without one ("anonymous"; MaiAgent, integration guide). */
export const ANONYMOUS = '匿名';
const NAME_LENGTH_MAX = 255;

/** The fields of a contact that the bridge owns. Every update sends all of them. Empty text means "none". */
export interface DesiredContact {
  readonly name: string;
  readonly email: string;
  readonly phoneNumber: string;
  readonly avatar: string;
  readonly queryMetadata: Readonly<Record<string, unknown>>;
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
}

/** The wanted contact with the hashes that tell whether MaiAgent already has it: of the whole, and of the permissions alone. */
export interface Desired {
  readonly contact: DesiredContact;
  readonly hash: string;
  readonly permissions: string;
}

/** The part of the configuration that decides what a contact should be. */
export interface ContactPolicy {
  readonly permissions: PermissionRules;
  /** Attributes that MaiAgent shows about the contact. */
  readonly metadata: readonly string[];
  /** The declared sources, strongest first. */
  readonly sources: readonly string[];
}

/** The source name of the user's own token: the weakest witness. */
export const TOKEN = 'token';
/** The source name of the back end that calls `PUT` and `DELETE /v1/users/{userId}`. */
export const API = 'api';

/** What the subject's contact should be, as a pure function of what was said and of the configuration. */
export function desiredOf(subject: Subject, reports: ReportsBySource, policy: ContactPolicy): Desired {
  const contact = subject.kind === 'visitor' ? visitorContact(policy) : userContact(reports, policy);
  return { contact, hash: hashOf(contact), permissions: hashOf(contact.queryMetadata) };
}

/** What is left of a contact that cannot be deleted: no name, nothing personal, no permissions. */
export const anonymisedContact = ({ permissions }: ContactPolicy): DesiredContact =>
  contactOf(noFields, permissions.none, []);

function visitorContact({ permissions }: ContactPolicy): DesiredContact {
  return contactOf(noFields, permissions.visitor ?? permissions.none, []);
}

/** A disabled user keeps the name and loses every permission; a deleted one loses everything personal too. */
function userContact(reports: ReportsBySource, policy: ContactPolicy): DesiredContact {
  const { permissions, metadata, sources } = policy;
  const accountStatus = accountStatusOf(reports);
  if (accountStatus === 'deleted') return anonymisedContact(policy);
  const fields = currentFields(reports, sources);
  return contactOf(fields, accountStatus === 'active' ? grantFor(fields, permissions) : permissions.none, metadata);
}

function contactOf(fields: UserFields, grant: PermissionRules['none'], shown: readonly string[]): DesiredContact {
  const { email, phoneNumber, avatar, attributes } = fields;
  return {
    // Cutting must not split a surrogate pair: the remainder would be ill-formed.
    name: fields.name.slice(0, NAME_LENGTH_MAX).replace(/[\uD800-\uDBFF]$/, '') || ANONYMOUS,
    email,
    phoneNumber,
    avatar,
    queryMetadata: queryMetadataOf(grant),
    metadata: shown
      .filter((key) => Object.hasOwn(attributes, key))
      .map((key) => ({ key, value: attributes[key] ?? '' })),
  };
}

/**
 * The fields as the strongest source gives them, whole: a role that the user store took away must not come back from an old token.
 * A token is weaker than every other source, but wins where both versions are times of the user store and its own is later.
 */
export function currentFields(reports: ReportsBySource, declared: readonly string[]): UserFields {
  const token = reports[TOKEN]?.fields;
  const store = strongest(reports, declared);
  if (!store || (token && isTime(token.version) && isTime(store.version) && token.version > store.version)) {
    return token?.value ?? noFields;
  }
  return store.value;
}

/** Declared sources come first, in their declared order, then the back end. */
function strongest(reports: ReportsBySource, declared: readonly string[]): SourceReport['fields'] {
  const source = [...declared, API].find((name) => reports[name]?.fields);
  return source === undefined ? undefined : reports[source]?.fields;
}
