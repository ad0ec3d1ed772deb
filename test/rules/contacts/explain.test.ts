import { describe, expect, it } from 'vitest';
import { explain, explainLink, linkView } from '../../../functions/rules/contacts/explain.ts';
import type { Change } from '../../../functions/rules/contacts/reports.ts';
import { standing, tied, timeVersion } from '../../../functions/rules/contacts/version.ts';
import { explanationLines } from '../../../local/commands/explanation-lines.ts';
import { samplePermissions } from '../../rigs/sample-settings.ts';
import { wholeUser } from './sample-changes.ts';
import { confirmed, rowFrom, samplePolicy, sampleUser } from './sample-links.ts';

const at = (day: number) => timeVersion(Date.UTC(2026, 0, day));
const iso = (day: number) => `2026-01-0${day}T00:00:00.000Z`;
const update = (source: string, day: number, told: Change['told']): Change => ({
  source,
  kind: 'update',
  version: at(day),
  ...(told && { told }),
});
const explained = (...changes: Change[]) => explain(sampleUser, rowFrom(...changes).reports, samplePolicy);
const field = (name: string, ...changes: Change[]) => explained(...changes).fields.find((one) => one.field === name);

describe('a field', () => {
  it('is shown with the source that set it, and when that was by the source itself', () => {
    expect(field('name', update('b', 2, { name: 'Sample' }), update('api', 3, wholeUser({ name: 'Other' })))).toEqual({
      field: 'name',
      state: 'told',
      source: 'b',
      version: iso(2),
      at: iso(2),
      value: 'Sample',
    });
  });

  it.each([
    ['a count alone', 's017', '7', null],
    ['a count with the time of the event', tied('s017', at(4)), '7', iso(4)],
    ['a moment in which the user was disabled too', standing(at(4), 'disables'), iso(4), iso(4)],
  ])('that was told at %s has the time that is known', (_, version, shown, time) => {
    const told = { source: 'a', kind: 'update', version, told: { name: 'Sample' } } as const;
    expect(field('name', told)).toMatchObject({ version: shown, at: time });
  });

  it('is unknown where the source that decides it has not told it, or told that it is elsewhere or unusable', () => {
    const changes = [
      update('a', 1, { name: 'Sample', groups: { unknown: 'elsewhere' }, '@country': { unknown: 'unusable' } }),
      update('token', 2, wholeUser({ roles: ['staff'], groups: ['sales'] })),
    ];
    expect(field('roles', ...changes)).toEqual({
      field: 'roles',
      state: 'untold',
      source: 'a',
      version: null,
      at: null,
    });
    expect(field('groups', ...changes)).toMatchObject({ state: 'elsewhere', source: 'a', version: iso(1) });
    expect(field('attribute country', ...changes)).toMatchObject({ state: 'unusable', source: 'a' });
    expect(explained(...changes).permissions).toMatchObject({
      decidedBy: 'unknown',
      rule: null,
      unknown: ['roles', 'groups', 'attribute country'],
      rules: [],
    });
  });

  it('has a line for every attribute that is told, tested or shown, and one that nobody tells is empty', () => {
    const row = rowFrom(update('token', 1, { roles: [], groups: [], '@office': 'head' }));
    const { fields } = explain(sampleUser, row.reports, {
      ...samplePolicy,
      witnesses: samplePolicy.witnesses.filter(({ source }) => source !== 'token'),
    });
    expect(fields.filter((one) => one.field.startsWith('attribute')).map((one) => [one.field, one.state])).toEqual([
      ['attribute country', 'nobody_tells'],
      ['attribute department', 'nobody_tells'],
      ['attribute office', 'nobody_tells'],
    ]);
  });
});

describe('the sources', () => {
  it('stand in the order in which they are believed, with what each one said last, and then the undeclared ones', () => {
    const { sources } = explained(
      update('api', 2, wholeUser({})),
      { source: 'gone', kind: 'disable', version: at(3) },
      update('api', 1, { name: 'Older' }),
    );
    expect(sources.map(({ source, last, status, isDeclared }) => [source, last.at, status, isDeclared])).toEqual([
      ['a', null, null, true],
      ['b', null, null, true],
      ['api', iso(2), 'active', true],
      ['token', null, null, true],
      ['gone', iso(3), 'disabled', false],
    ]);
  });
});

describe('the permissions', () => {
  const staff = update('a', 1, wholeUser({ groups: ['sales'], roles: ['partner'] }));

  it('say which rule holds, and which were passed over for want of what', () => {
    expect(explained(staff).permissions).toMatchObject({
      decidedBy: 'rule',
      rule: 2,
      rulesInAll: 3,
      rules: [
        { rule: 0, holds: false, tests: [{ field: 'roles', value: 'staff', holds: false }] },
        { rule: 1, needs: 'all', holds: false, tests: [{ holds: true }, { field: 'attribute country', holds: false }] },
        { rule: 2, needs: 'any', holds: true },
      ],
    });
  });

  it("say every rule that holds where grants add up, with combine: 'all'", () => {
    const rules = samplePermissions.rules.filter(({ grant }) => !grant.labels);
    const policy = { ...samplePolicy, permissions: { ...samplePermissions, combine: 'all' as const, rules } };
    const { reports } = rowFrom(update('a', 1, wholeUser({ roles: ['partner', 'staff'] })));
    const { contact, fields, sources, permissions } = explain(sampleUser, reports, policy);
    expect(permissions).toMatchObject({ decidedBy: 'rule', combine: 'all', rule: 0 });
    expect(permissions.queryMetadata['knowledge_bases']).toHaveLength(2);
    const lines = explanationLines({ contact, fields, sources, permissions });
    expect(lines).toContain('permissions    rules[0], rules[1] hold, of 2 rules: what they grant is added up');
  });

  it('of somebody who is disabled or deleted follow from that alone, and the deleted have no fields left', () => {
    const disabled = explained(staff, { source: 'b', kind: 'disable', version: at(2) });
    expect(disabled.permissions).toMatchObject({ decidedBy: 'disabled', rules: [] });
    const deleted = explained(staff, { source: 'b', kind: 'delete', version: at(2) });
    expect(deleted.permissions).toMatchObject({ decidedBy: 'deleted', rules: [] });
    expect(deleted.fields).toEqual([]);
  });
});

describe('the explanation of a link', () => {
  const row = rowFrom(
    update('a', 1, wholeUser({ name: 'Planted Person', roles: ['planted'], email: 'p@corp.example' })),
  );

  it('says what it withholds from a caller who may not see it, and for want of which scope', () => {
    const withheld = explainLink(row, samplePolicy, false);
    expect(JSON.stringify(withheld)).not.toMatch(/planted|p@corp/i);
    expect(withheld.withheld).toEqual({
      members: ['contact', 'fields[].value', 'permissions.rules[].tests[].holds'],
      scope: 'contacts.write',
    });
    expect(explainLink(row, samplePolicy, true)).toMatchObject({
      contact: { name: 'Planted Person' },
      withheld: null,
    });
  });

  it('says that the settings have changed since the row was written', () => {
    expect(explainLink(row, samplePolicy, false).isCurrent).toBe(true);
    const rules = [{ when: { role: 'planted' }, grant: samplePermissions.rules[0]?.grant ?? samplePermissions.none }];
    const permissions = { ...samplePermissions, rules };
    expect(explainLink(row, { ...samplePolicy, permissions }, false).isCurrent).toBe(false);
  });
});

describe('the view of a link', () => {
  const link = confirmed(rowFrom(update('a', 1, wholeUser({ roles: ['staff'] }))));

  it('shows the contact id, which opens a chat', () => {
    expect(linkView(link, 0)).toMatchObject({ contactId: 'contact-1', arePermissionsConfirmed: true });
  });

  it.each([
    ['MaiAgent has other permissions', { confirmedPermissions: 'wider' }],
    ['a request with other permissions may be open', { openRequests: 1, sentPermissions: 'wider' }],
    ['the user is to be read', { withheldUntil: 1 }],
    ['the user is disabled', { accountStatus: 'disabled' as const }],
  ])('shows none while %s', (_, changed) => {
    expect(linkView({ ...link, ...changed }, 0)).toMatchObject({ contactId: null });
  });
});
