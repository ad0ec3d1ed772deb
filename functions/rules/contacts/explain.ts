import type { ExplanationAnswer, LinkAnswer } from '../http/answers.ts';
import { hashOf } from '../canonical.ts';
import { believed, hasSpoken, tells, type Witness } from './believe.ts';
import { decide, type ContactPolicy, type Decision } from './desired.ts';
import { hasItsPermissions, isClean, isErased, isWithheld, type Link } from './link.ts';
import { testedBy } from './permissions.ts';
import { accountStatusOf, newestIn, reportOf, statusSaidIn, type AccountStatus, type Reports } from './reports.ts';
import { subjectOf, type Subject } from './subject.ts';
import { attributeKey, FIXED_FIELDS, OTHER_ATTRIBUTES, shownKey, type FieldKey } from './told.ts';
import { saidAt, shownVersion, type Version } from './version.ts';

/** The scope that shows what the sources said of a person: who may set every field may read it. */
export const VALUES_SCOPE = 'contacts.write';

/** What was left out for want of the scope. */
const withheld = { members: ['contact', 'fields[].value', 'permissions.rules[].tests[].holds'], scope: VALUES_SCOPE };

/** Why a contact is what it should be: who decided each field, which rules were asked, what follows. It says what `decide` did. */
export interface Explained extends Pick<ExplanationAnswer, 'fields' | 'sources' | 'permissions'> {
  readonly accountStatus: AccountStatus;
  readonly contact: NonNullable<ExplanationAnswer['contact']>;
}

/** The explanation of what these reports come to under this policy. */
export function explain(subject: Subject, reports: Reports, policy: ContactPolicy): Explained {
  const accountStatus = accountStatusOf(reports);
  const decision = decide(subject, reports, policy);
  const { queryMetadata: _, metadata, ...fields } = decision.contact;
  return {
    accountStatus,
    contact: { ...fields, metadata: [...metadata] },
    // What may still lie in the row of a deleted user is nobody's business any more.
    fields: accountStatus === 'deleted' ? [] : keysOf(reports, policy).map((key) => fieldOf(key, reports, policy)),
    sources: sourcesOf(reports, policy),
    permissions: permissionsOf(decision, accountStatus, policy),
  };
}

/** The explanation of a link by the present settings, for a caller who may see the values, or may not. */
export function explainLink(link: Link, policy: ContactPolicy, showsValues: boolean): ExplanationAnswer {
  const { contact, fields, sources, permissions } = explain(subjectOf(link.pk), link.reports, policy);
  const shown = showsValues ? fields : fields.map(withoutValue);
  return {
    ...(showsValues && { contact }),
    fields: shown,
    sources,
    permissions: showsValues ? permissions : withoutTests(permissions),
    // Of somebody who is deleted nothing is desired any more.
    isCurrent:
      link.accountStatus === 'deleted' ||
      hashOf({ ...contact, queryMetadata: permissions.queryMetadata }) === link.desiredHash,
    withheld: showsValues ? null : withheld,
  };
}

/** What the back office sees of a link: its state, who reported what and when, and what is outstanding. No lease, no hash. */
export type LinkView = Omit<LinkAnswer, 'userId'>;

/** The view of a row. Versions are shown without the zeros that make them sortable. */
export function linkView(link: Link, nowMs: number): LinkView {
  const { accountStatus, generation, contactId, sourceId, confirmedAt, reports, createdAt, updatedAt } = link;
  const { formerContacts: former = [] } = link;
  const unanswered = former.filter((entry) => entry.startsWith('?')).length;
  return {
    pseudonym: link.pseudonym ?? null,
    accountStatus,
    generation,
    // It opens a chat (invariants 9 and 10).
    contactId: (mayOpen(link, nowMs) ? contactId : undefined) ?? null,
    sourceId,
    isConfirmed: accountStatus === 'deleted' ? isErased(link) : isClean(link),
    arePermissionsConfirmed: hasItsPermissions(link),
    confirmedAt: confirmedAt ?? null,
    refusedFields: [...(link.refusedFields ?? [])],
    reports: Object.fromEntries(
      reports.map(({ source, fields, status, created, deleted }) => [
        source,
        {
          fields: plain(fields?.[0]?.version),
          status: plain(status?.version),
          created: plain(created),
          deleted: plain(deleted),
        },
      ]),
    ),
    outstanding: isErased(link) ? null : outstanding(link),
    formerContacts: { known: former.length - unanswered, unanswered },
    createdAt,
    updatedAt,
  };
}

const mayOpen = (link: Link, nowMs: number): boolean =>
  link.accountStatus === 'active' && hasItsPermissions(link) && !isWithheld(link, nowMs);

const outstanding = (link: Link): LinkView['outstanding'] => ({
  work: workOf(link),
  nextAttemptAt: link.dueAt === undefined ? null : new Date(link.dueAt).toISOString(),
  attempts: link.attempts ?? 0,
  lastError: link.lastError ?? null,
});

function workOf(link: Link): NonNullable<LinkView['outstanding']>['work'] {
  const { accountStatus, contactId, formerContacts = [] } = link;
  const isMissing = contactId === undefined && (accountStatus === 'active' || link.claims !== undefined);
  return [
    ...(isMissing ? (['find_or_create'] as const) : []),
    ...(!isMissing && !isClean(link) ? [accountStatus === 'deleted' ? ('erase' as const) : ('update' as const)] : []),
    ...(formerContacts.length > 0 ? (['erase_former'] as const) : []),
    ...(link.erasing === undefined ? [] : (['erase_records'] as const)),
  ];
}

const plain = (version: Version | undefined): string | null => (version === undefined ? null : shownVersion(version));

function withoutValue(field: Explained['fields'][number]): Explained['fields'][number] {
  const { value: _, ...rest } = field;
  return rest;
}

/** Which single test holds tells a value; which rule holds can be seen in what the contact may query. */
function withoutTests(permissions: Explained['permissions']): Explained['permissions'] {
  const rules = permissions.rules.map(({ tests, ...rule }) => ({
    ...rule,
    tests: tests.map(({ field, value }) => ({ field, value })),
  }));
  return { ...permissions, rules };
}

/** The fixed fields, and every attribute that a source is declared to tell or has told, a rule tests, or MaiAgent shows. */
function keysOf(reports: Reports, { permissions, metadata, witnesses }: ContactPolicy): FieldKey[] {
  const declared = witnesses.flatMap(({ attributes }) => (attributes === 'all' ? [] : attributes));
  const told = reports.flatMap(({ fields = [] }) => fields.flatMap((layer) => Object.keys(layer.told)));
  const keys = [...told, ...testedBy(permissions), ...[...declared, ...metadata].map(attributeKey)];
  const attributes = keys.filter((key) => key.startsWith('@') && key !== OTHER_ATTRIBUTES);
  return [...FIXED_FIELDS, ...[...new Set(attributes)].toSorted()];
}

function fieldOf(key: FieldKey, reports: Reports, { witnesses }: ContactPolicy): Explained['fields'][number] {
  const belief = believed(key, reports, witnesses);
  const field = shownKey(key);
  if (belief.kind === 'unknown') {
    const { source, because, version } = belief;
    return { field, state: because, source, ...said(version) };
  }
  const { value, by } = belief;
  const shown = typeof value === 'string' ? value : [...value];
  if (!by) return { field, state: 'nobody_tells', source: null, ...said(undefined), value: shown };
  return { field, state: 'told', source: by.source, ...said(by.version), value: shown };
}

const said = (version: Version | undefined) => ({
  version: plain(version),
  at: (version !== undefined && saidAt(version)) || null,
});

/** The sources in the order in which they are believed, then those that are no longer declared: their standing counts all the same. */
function sourcesOf(reports: Reports, { witnesses }: ContactPolicy): ExplanationAnswer['sources'] {
  const others = reports.filter(({ source }) => !witnesses.some((one) => one.source === source));
  return [
    ...witnesses.map((one) => sourceOf(one.source, reports, one)),
    ...others.map(({ source }) => sourceOf(source, reports)),
  ];
}

function sourceOf(source: string, reports: Reports, witness?: Witness): ExplanationAnswer['sources'][number] {
  const report = reportOf(reports, source);
  const fields: string[] = witness ? FIXED_FIELDS.filter((field) => tells(witness, field)) : [];
  const attributes = witness?.attributes ?? [];
  return {
    source,
    tells: [...fields, ...(attributes === 'all' ? ['every attribute'] : attributes.map(attributeKey).map(shownKey))],
    last: said(newestIn(report)),
    status: report && hasSpoken(report) ? statusSaidIn(report) : null,
    isDeclared: witness !== undefined,
  };
}

/** Which rule holds, which were passed over, and the `queryMetadata` that follows. */
function permissionsOf(
  { contact, verdict }: Decision,
  accountStatus: AccountStatus,
  { permissions }: ContactPolicy,
): ExplanationAnswer['permissions'] {
  const { rule, unknown = [], judged = [] } = verdict ?? {};
  const standing = accountStatus === 'active' ? undefined : accountStatus;
  const otherwise = rule === undefined ? 'no_rule' : 'rule';
  return {
    decidedBy: standing ?? (unknown.length > 0 ? 'unknown' : otherwise),
    combine: permissions.combine ?? 'first',
    rule: rule ?? null,
    unknown: unknown.map(shownKey),
    rules: judged.map(({ tests, ...one }) => ({
      ...one,
      tests: tests.map((test) => ({ ...test, field: shownKey(test.field) })),
    })),
    rulesInAll: permissions.rules.length,
    queryMetadata: contact.queryMetadata,
  };
}
