import { isDeepStrictEqual } from 'node:util';
import { hashOf } from '../canonical.ts';
import { believed, lastTold, mayHaveChanged, tells, type Witness } from './believe.ts';
import { queryMetadataOf, testedBy, verdictOn, type Verdict } from './permissions.ts';
import type { Grant, PermissionRules } from '../permission-rules.ts';
import { accountStatusOf, reportOf, type Reports, type SourceReport } from './reports.ts';
import { attributeKey, RECORD, type FieldKey } from './told.ts';
import { tidyName } from './user-fields.ts';
import type { Subject } from './subject.ts';

/** MaiAgent's own name for somebody without one ("anonymous"; MaiAgent, integration guide). */
export const ANONYMOUS = '匿名';

/** The fields of a contact that the bridge owns. Every update sends all of them. Empty text means "none". */
export interface DesiredContact {
  readonly name: string;
  readonly email: string;
  readonly phoneNumber: string;
  readonly avatar: string;
  readonly queryMetadata: Readonly<Record<string, unknown>>;
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
}

/** What people see of a contact and no rule looks at, with what stands for none of it. */
export const nothing = { name: ANONYMOUS, email: '', phoneNumber: '', avatar: '', metadata: [] } as const;
export type DisplayField = keyof typeof nothing;
export const isDisplayField = (field: string): field is DisplayField => Object.hasOwn(nothing, field);

/** The desired contact with two hashes, of the whole and of the permissions alone, which tell whether MaiAgent has it already. */
export interface Desired {
  readonly contact: DesiredContact;
  readonly hash: string;
  readonly permissions: string;
  /** What the permission rules look at and nobody knows: the reason why an active user has the `none` permissions. */
  readonly unknown: readonly FieldKey[];
}

/** The part of the configuration that decides what a contact should be. */
export interface ContactPolicy {
  readonly permissions: PermissionRules;
  /** Attributes that MaiAgent shows about the contact. */
  readonly metadata: readonly string[];
  /** The sources, strongest first, with what each one tells. */
  readonly witnesses: readonly Witness[];
  /** The number of the deployment whose settings these are. */
  readonly deployment: number;
}

/** What a contact should be, with what decided it. */
export interface Decision {
  readonly contact: DesiredContact;
  /** Absent where no rule is asked: for a visitor, and for somebody who is disabled or deleted. */
  readonly verdict?: Verdict | undefined;
}

/** Computes what the subject's contact should be from the reports and the settings. `known` is what it was to be before. */
export function desiredOf(subject: Subject, reports: Reports, policy: ContactPolicy, known?: Desired): Desired {
  const { contact, verdict } = decide(subject, reports, policy);
  const unknown = verdict?.unknown ?? [];
  // Whoever returns is as before nearly always, and to compare is a fifth of the work of the hashes.
  if (known && isDeepStrictEqual(contact, known.contact)) return { ...known, unknown };
  return { contact, hash: hashOf(contact), permissions: hashOf(contact.queryMetadata), unknown };
}

/** The same with the reason for it. */
export const decide = (subject: Subject, reports: Reports, policy: ContactPolicy): Decision =>
  subject.kind === 'visitor' && accountStatusOf(reports) === 'active'
    ? { contact: visitorContact(policy) }
    : userContact(reports, policy);

/** The state of a contact that MaiAgent will not delete: no name, nothing personal, no permissions. */
export const anonymisedContact = ({ permissions }: ContactPolicy): DesiredContact => nobody(permissions.none);

const visitorContact = ({ permissions }: ContactPolicy): DesiredContact =>
  nobody(permissions.visitor ?? permissions.none);

/** A disabled user keeps the name and loses every permission; a deleted one loses everything personal too. */
function userContact(reports: Reports, policy: ContactPolicy): Decision {
  const { permissions, metadata, witnesses } = policy;
  const accountStatus = accountStatusOf(reports);
  if (accountStatus === 'deleted') return { contact: anonymisedContact(policy) };
  const believe = (key: FieldKey) => believed(key, reports, witnesses);
  const text = (key: FieldKey): string => {
    const belief = lastTold(key, reports, witnesses);
    return belief.kind === 'known' && typeof belief.value === 'string' ? belief.value : '';
  };
  const isUnsure = witnesses.some((one) => mayHaveLost(one, reportOf(reports, one.source), permissions));
  const judge = () =>
    isUnsure ? { grant: permissions.none, unknown: [RECORD], judged: [] } : verdictOn(believe, permissions);
  const verdict = accountStatus === 'active' ? judge() : undefined;
  const contact: DesiredContact = {
    name: tidyName(text('name')) || ANONYMOUS,
    email: text('email'),
    phoneNumber: text('phoneNumber'),
    avatar: text('avatar'),
    queryMetadata: queryMetadataOf(verdict?.grant ?? permissions.none),
    metadata: metadata.map((key) => ({ key, value: text(attributeKey(key)) })).filter(({ value }) => value !== ''),
  };
  return { contact, verdict };
}

/** True where the user is to be read from this source's store, which hinted at the standing, or at attributes that a rule looks at. */
function mayHaveLost(one: Witness, report: SourceReport | undefined, permissions: PermissionRules): boolean {
  if (!report) return false;
  const tested = testedBy(permissions).filter((key) => tells(one, key));
  return [RECORD, ...tested].some((key) => mayHaveChanged(key, one, report));
}

const nobody = (grant: Grant): DesiredContact => ({ ...nothing, queryMetadata: queryMetadataOf(grant) });
