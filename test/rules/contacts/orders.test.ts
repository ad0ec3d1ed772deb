import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { witness } from '../../../functions/rules/contacts/believe.ts';
import type { ContactPolicy } from '../../../functions/rules/contacts/desired.ts';
import { draft, type Link } from '../../../functions/rules/contacts/link.ts';
import { type FieldPaths, plainPaths } from '../../../functions/rules/contacts/read-fields.ts';
import type { Change } from '../../../functions/rules/contacts/reports.ts';
import type { FieldValue } from '../../../functions/rules/contacts/told.ts';
import { issuedVersion, tied, timeVersion } from '../../../functions/rules/contacts/version.ts';
import { inTime, tries } from '../../fuzz/hostile.ts';
import { sized } from '../../scope.ts';
import { answerOf, type OracleEvent, type OracleRule, type OracleSource } from './oracle.ts';
import { rowOf, sampleUser } from './sample-links.ts';

const everything = ['name', 'roles', 'groups', '@office'];
/** Two stores, of which the second sends parts, the back end, and the token. */
const order: OracleSource[] = [
  { name: 'hr', tells: ['name', 'roles'] },
  { name: 'crm', tells: ['name', 'groups', '@office'] },
  { name: 'api', tells: everything },
  { name: 'token', tells: everything },
];
const rules: OracleRule[] = [
  { field: 'groups', is: 'narrow', grant: 'narrow' },
  { field: 'roles', is: 'staff', grant: 'wide' },
  { field: '@office', is: 'head', grant: 'office' },
];
const idOf = (grant: string): string =>
  `c0a80101-0000-4000-8000-${Buffer.from(grant).toString('hex').padStart(12, '0').slice(0, 12)}`;
const grantOf = (grant: string) => ({
  knowledgeBases: [{ id: idOf(grant), files: 'all' as const, faqs: 'all' as const }],
});

const pathsOf = (tells: readonly string[]): FieldPaths => ({
  name: ['name'],
  email: false,
  phoneNumber: false,
  avatar: false,
  roles: tells.includes('roles') && 'roles',
  groups: tells.includes('groups') && 'groups',
  attributes: tells.includes('@office') ? { office: 'office' } : {},
});
const policy: ContactPolicy = {
  permissions: {
    none: grantOf('none'),
    rules: rules.map(({ field, is, grant }) => {
      const when = { roles: { role: is }, groups: { group: is } }[field] ?? { attribute: 'office', equals: is };
      return { when, grant: grantOf(grant) };
    }),
  },
  metadata: ['office'],
  deployment: 1,
  witnesses: order.map(({ name, tells }) => witness(name, name === 'api' ? plainPaths : pathsOf(tells))),
};

/** The event as its adapter would tell it. */
function changeOf({ source, kind, at, tie, fields, isPart, changed, status }: OracleEvent): Change {
  const tells = order.find(({ name }) => name === source)?.tells ?? [];
  const told = (isPart ? Object.keys(fields ?? {}) : tells).map((field) => [
    field,
    valueOf(field, fields?.[field] ?? null),
  ]);
  return {
    source,
    kind,
    version:
      source === 'token'
        ? tokenVersion(at, tie)
        : tied(timeVersion(at), tie === undefined ? undefined : timeVersion(tie)),
    ...(changed && { changed }),
    ...(fields && { told: { ...Object.fromEntries(told), ...(source === 'api' && { '@': '' }) } }),
    ...(status && { status }),
  };
}

/** A token says when the profile was changed and when it was issued, or only that. */
const tokenVersion = (at: number, issuedAt?: number) =>
  issuedAt === undefined ? issuedVersion(at) : tied(timeVersion(at), issuedVersion(issuedAt));

function valueOf(field: string, value: string | null): FieldValue {
  if (field === 'roles' || field === 'groups') return value === null ? [] : [value];
  return value ?? '';
}

/** The row after one more event. */
function heard(row: Link | undefined, event: OracleEvent): Link {
  const next = draft(sampleUser, row, changeOf(event), policy);
  return next.isNews || !row ? rowOf(next, row) : row;
}

/** What the row and its contact are. */
function endOf({ accountStatus: account, desired }: Link) {
  const bases = desired.queryMetadata['knowledge_bases'] as { knowledge_base_id: string }[];
  const shown = { name: desired.name, metadata: desired.metadata };
  return { account, grant: bases[0]?.knowledge_base_id, ...(account !== 'deleted' && shown) };
}

function expected(events: readonly OracleEvent[]) {
  const { account, shown, grant } = answerOf(events, order, rules);
  const office = shown['@office'];
  const contact = { name: shown['name'] ?? '匿名', metadata: office ? [{ key: 'office', value: office }] : [] };
  return { account, grant: idOf(grant), ...(account !== 'deleted' && contact) };
}

/** The end, and the same with less of it known. */
function variants({ account, grant, ...shown }: ReturnType<typeof expected>): object[] {
  const grants = [...new Set([grant, idOf('none')])];
  if (account === 'deleted') return grants.map((one) => ({ account, grant: one }));
  const { name, metadata } = shown as { name?: string; metadata?: object[] };
  const names = [...new Set([name, '匿名'])];
  return grants.flatMap((one) =>
    names.flatMap((called) => [metadata, []].map((some) => ({ account, grant: one, name: called, metadata: some }))),
  );
}

/** Every order of arrival, and after each all events again: what came twice changes nothing. */
function expectOneEnd(events: readonly OracleEvent[]): void {
  const wanted = expected(events);
  const end = JSON.stringify(wanted);
  // What was told while the user was deleted is unknown until it is told again: what is shown is as told or missing, and nothing is granted by it.
  const ends = new Set(variants(wanted).map((one) => JSON.stringify(one)));
  const judge = (row: Link, arrival: readonly OracleEvent[]) => {
    const is = JSON.stringify(endOf(row));
    if (is !== end && !(JSON.stringify(row.reports).includes('"erased"') && ends.has(is)))
      expect({ arrival, ...endOf(row) }).toEqual({ arrival, ...expected(events) });
  };
  const arrive = (before: Link | undefined, arrived: readonly OracleEvent[], coming: readonly OracleEvent[]): void => {
    if (coming.length === 0 && before) {
      judge(before, arrived);
      judge(events.reduce<Link>(heard, before), [...arrived, ...events]);
    }
    for (const [index, event] of coming.entries())
      arrive(heard(before, event), [...arrived, event], coming.toSpliced(index, 1));
  };
  arrive(undefined, [], events);
}

const event = (
  source: string,
  kind: OracleEvent['kind'],
  at: number,
  more: Partial<OracleEvent> = {},
): OracleEvent => ({
  source,
  kind,
  at,
  ...more,
});
const hr = (at: number, fields: OracleEvent['fields'], more: Partial<OracleEvent> = {}) =>
  event('hr', 'update', at, { fields: fields ?? {}, ...more });
const crm = (at: number, fields: OracleEvent['fields'], more: Partial<OracleEvent> = {}) =>
  event('crm', 'update', at, { fields: fields ?? {}, isPart: true, ...more });
const put = (at: number, fields: OracleEvent['fields'], more: Partial<OracleEvent> = {}) =>
  event('api', 'update', at, { fields: fields ?? {}, ...more });
const token = (at: number, fields: OracleEvent['fields']) => event('token', 'update', at, { fields: fields ?? {} });

const hint = (source: string, at: number, ...changed: string[]) => event(source, 'hint', at, { changed });

const histories: Record<string, OracleEvent[]> = {
  'a hint at roles that the token tells, and the next token': [
    crm(1, { groups: null, '@office': null }),
    hint('crm', 5, 'roles'),
    hint('crm', 3, 'roles'),
    token(4, { roles: 'staff' }),
    event('hr', 'hint', 9, { changed: ['name'] }),
  ],
  'a hint that is older than the token': [
    crm(1, { groups: null, '@office': null }),
    hint('crm', 5, 'roles'),
    token(6, { roles: 'staff' }),
  ],
  'a hint at what its own source tells, and what the back end tells of it': [
    crm(1, { groups: 'narrow', '@office': 'head' }),
    hint('crm', 2, 'groups'),
    crm(3, { name: 'Hana' }),
    put(9, { groups: 'other', roles: 'staff' }),
    hr(1, { roles: 'staff' }),
  ],
  'a hint that a later part answers': [
    crm(1, { groups: 'narrow', '@office': 'head' }),
    hint('crm', 2, 'groups', '@office'),
    crm(2, { groups: 'other' }, { tie: 1 }),
    crm(3, { '@office': null }),
    hr(1, { roles: 'staff' }),
  ],
  'a hint of a life that is over': [
    event('crm', 'create', 1, { fields: { groups: 'narrow' } }),
    hint('crm', 2, 'groups'),
    event('crm', 'delete', 2),
    event('crm', 'create', 4, { fields: { groups: 'other' } }),
    hr(1, { roles: 'staff' }),
  ],
  'a store takes a role away that a later token still has': [
    hr(1, { name: 'Hana', roles: 'staff' }),
    hr(2, { name: 'Hana' }),
    crm(5, { groups: null, '@office': null }),
    crm(6, { name: 'of crm' }),
    token(99, { name: 'of token', roles: 'staff', groups: 'x' }),
  ],
  'a token without roles beside a back end that gives them': [
    put(1, { name: 'Hana', roles: 'staff' }),
    put(2, { name: 'Hana', roles: 'staff', '@office': 'head' }),
    token(50, { name: 'of token' }),
    event('api', 'disable', 3, { status: 'disabled' }),
    event('api', 'enable', 4, { status: 'active' }),
  ],
  'parts, of which one takes the groups away': [
    event('crm', 'create', 1, { fields: { name: 'Hana', groups: 'narrow', '@office': 'head' } }),
    crm(2, { groups: null }),
    crm(3, { '@office': null }),
    crm(4, { groups: 'other' }),
    hr(1, { roles: 'staff' }),
  ],
  'parts that have not told the groups yet': [
    crm(1, { '@office': 'head' }),
    crm(2, { name: 'Hana' }),
    hr(9, { roles: 'staff' }),
    put(5, { groups: 'narrow' }),
    token(7, { groups: 'narrow' }),
  ],
  'two updates of one moment, of which the vendor says which was later': [
    hr(3, { roles: 'staff' }, { tie: 1 }),
    hr(3, { roles: 'guest' }, { tie: 2 }),
    hr(3, { roles: 'admin' }),
    crm(1, { groups: null, '@office': null }),
    token(9, { roles: 'staff' }),
  ],
  'a disable and an enable of one moment': [
    hr(1, { roles: 'staff' }),
    hr(2, { roles: 'staff' }, { status: 'active' }),
    hr(2, { roles: 'guest' }, { status: 'disabled' }),
    crm(1, { groups: null, '@office': null }),
    token(9, { name: 'of token' }),
  ],
  'a disable and an enable of one moment, of which the enable was later': [
    event('hr', 'disable', 2, { tie: 1 }),
    event('hr', 'enable', 2, { tie: 2 }),
    hr(1, { roles: 'staff' }),
    crm(1, { groups: null, '@office': null }),
    token(9, { name: 'of token' }),
  ],
  'a deletion, a creation and parts of both lives': [
    event('crm', 'create', 1, { fields: { groups: 'narrow', name: 'old' } }),
    crm(2, { '@office': 'head' }),
    event('crm', 'delete', 3),
    event('crm', 'create', 4, { fields: { name: 'new' } }),
    crm(5, { groups: 'other' }),
  ],
  'a deletion and a creation of one moment': [
    event('hr', 'create', 1, { fields: { roles: 'staff' } }),
    event('hr', 'delete', 2, { tie: 1 }),
    event('hr', 'create', 2, { fields: { roles: 'guest' }, tie: 2 }),
    event('crm', 'create', 1, { fields: { groups: 'x' } }),
    put(9, { name: 'of the back end' }),
  ],
  'a hint at an attribute that is shown': [
    hint('crm', 3, '@office'),
    event('crm', 'create', 1, { tie: 2, fields: { '@office': 'head' } }),
    hr(1, { roles: 'staff' }),
  ],
  'a hint at what nobody told, but a token may': [
    hint('hr', 1, 'roles'),
    hint('hr', 2),
    crm(1, { groups: null, '@office': 'head' }),
  ],
  'two of one moment, of which one gives a role': [put(3, { roles: 'staff' }), put(3, {})],
  'two stores that disable, and one that enables': [
    event('hr', 'disable', 5),
    event('crm', 'disable', 1),
    event('crm', 'enable', 2),
    hr(6, { roles: 'staff' }, { status: 'active' }),
    crm(3, { groups: null, '@office': 'head', name: null }),
  ],
};

describe('every order of the events of one user, each once or twice, ends as the promises say', () => {
  it.each(Object.entries(histories))('%s', (_, events) => {
    expectOneEnd(events);
  });

  const value = fc.constantFrom(null, '!', 'narrow', 'staff', 'head');
  const fields = (of: readonly string[]) =>
    fc.record(Object.fromEntries(of.map((field) => [field, value])), { requiredKeys: [] });
  const anyEvent = (kinds: readonly OracleEvent['kind'][], sources: readonly string[]) =>
    fc.constantFrom(...sources).chain((source) =>
      fc
        .record({
          kind: source === 'token' ? fc.constant<OracleEvent['kind']>('update') : fc.constantFrom(...kinds),
          changed: fc.subarray(['roles', 'groups', '@office']),
          at: fc.integer({ min: 1, max: 3 }),
          tie: fc.constantFrom(undefined, 1, 2),
          fields: fields(order.find(({ name }) => name === source)?.tells ?? []),
          status: fc.constantFrom(undefined, 'active' as const, 'disabled' as const),
        })
        .map(({ kind, at, tie, fields: told, changed, status }): OracleEvent => {
          if (kind === 'hint') return { source, kind, at, changed };
          const hasFields = kind === 'create' || kind === 'update';
          return {
            source,
            kind,
            at,
            ...(tie !== undefined && { tie }),
            ...(hasFields && { fields: told as Record<string, string | null> }),
            ...(hasFields && source === 'crm' && kind === 'update' && { isPart: true }),
            ...(hasFields && source !== 'token' && status && { status }),
          };
        }),
    );
  // Of four, which take 24 orders, there is time for many histories.
  const [count, runs] = sized({ test: [4, tries(100)], prove: [6, tries(8)], long: [6, tries(8)] } as const);
  const listOf = (one: fc.Arbitrary<OracleEvent>) => fc.array(one, { minLength: count, maxLength: count });
  const kinds = ['create', 'update', 'update', 'disable', 'enable', 'hint'] as const;

  it(`any ${count} of two stores, a token and the back end`, inTime, () => {
    // One token: of two that tell the same, the second is not kept, so that its time is not known.
    const history = fc
      .tuple(listOf(anyEvent(kinds, ['hr', 'crm', 'api'])), anyEvent(kinds, ['token']), fc.boolean())
      .map(([others, one, hasToken]) => (hasToken ? [...others.slice(1), one] : others));
    fc.assert(fc.property(history, expectOneEnd), runs);
  });

  it(`any ${count} of two stores and the back end, deletions among them`, inTime, () => {
    // Without a token, which counts for the life in which it arrives.
    fc.assert(fc.property(listOf(anyEvent([...kinds, 'delete', 'delete'], ['hr', 'crm', 'api'])), expectOneEnd), runs);
  });
});
