import { describe, expect, it } from 'vitest';
import { believed, tells, type Witness } from '../../../functions/rules/contacts/believe.ts';
import type { Reports } from '../../../functions/rules/contacts/reports.ts';
import type { Layer, Told } from '../../../functions/rules/contacts/told.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';

const at = timeVersion;
const hr: Witness = { source: 'hr', fields: ['name', 'roles'], nameParts: 2, attributes: ['office'] };
const crm: Witness = { source: 'crm', fields: ['name', 'email', 'groups'], nameParts: 1, attributes: 'all' };
const api: Witness = {
  source: 'api',
  fields: ['name', 'email', 'phoneNumber', 'avatar', 'roles', 'groups'],
  nameParts: 1,
  attributes: 'all',
};
const token: Witness = { ...api, source: 'token', attributes: ['office', 'city'] };
const order = [hr, crm, api, token];

const report = (source: string, told: Told, version = 1): Reports[number] => ({
  source,
  fields: [{ version: at(version), told }],
});
const from = (source: string, version = 1) => ({ source, version: at(version) });

describe('believed', () => {
  it('takes each field from the strongest source that tells it, whatever the clocks of the others', () => {
    const reports = [
      report('crm', { name: 'of crm', email: 'c@c.example', groups: ['g'], '@': '', '@office': 'of crm' }, 9),
      report('hr', { name: 'of', 'name 2': 'hr', roles: ['r'], '@office': 'of hr' }),
      report('token', { name: 'of token', phoneNumber: '1', roles: ['x'], groups: ['x'], '@city': 'x' }, 99),
    ];
    const belief = (key: string) => believed(key, reports, order);
    expect(belief('name')).toEqual({ kind: 'known', value: 'of hr', by: from('hr') });
    expect(belief('roles')).toEqual({ kind: 'known', value: ['r'], by: from('hr') });
    expect(belief('email')).toEqual({ kind: 'known', value: 'c@c.example', by: from('crm', 9) });
    expect(belief('groups')).toEqual({ kind: 'known', value: ['g'], by: from('crm', 9) });
    expect(belief('@office')).toEqual({ kind: 'known', value: 'of hr', by: from('hr') });
    // No attribute of the name is a fact too where the source tells all of them.
    expect(belief('@city')).toEqual({ kind: 'known', value: '', by: from('crm', 9) });
    expect(belief('phoneNumber')).toEqual({ kind: 'known', value: '1', by: from('token', 99) });
  });

  it('passes over a source that never spoke of the user', () => {
    const reports = [report('token', { roles: ['x'] })];
    expect(believed('roles', reports, order)).toEqual({ kind: 'known', value: ['x'], by: from('token') });
  });

  it('knows that there is none where no source that spoke of the user tells the field', () => {
    expect(believed('phoneNumber', [report('hr', {})], [hr])).toEqual({ kind: 'known', value: '' });
    expect(believed('groups', [report('hr', {})], [hr])).toEqual({ kind: 'known', value: [] });
    expect(believed('roles', [], order)).toEqual({ kind: 'known', value: [] });
  });

  it('does not know what only the token could tell, after a hint that came before any token', () => {
    const clerk: Witness = { ...hr, fields: ['name', 'roles'] };
    const hinted: Reports = [{ ...report('hr', { name: 'A', 'name 2': 'B', roles: [] }), changed: { groups: at(2) } }];
    const unknown = { kind: 'unknown', source: 'hr', because: 'changed' };
    expect(believed('groups', hinted, [clerk, token])).toEqual(unknown);
    expect(believed('groups', [...hinted, report('token', { groups: ['g'] })], [clerk, token])).not.toEqual(unknown);
    // Where no token tells it nobody ever would, and after a reading there is none.
    expect(believed('groups', hinted, [clerk])).toEqual({ kind: 'known', value: [] });
    const read = hinted.map((one) => ({ ...one, read: at(3) }));
    expect(believed('groups', read, [clerk, token])).toEqual({ kind: 'known', value: [] });
  });

  it('does not know a field that its source is declared to tell and has not told yet', () => {
    const reports: Reports = [
      { source: 'hr', status: { version: at(1), value: 'active' } },
      report('token', { roles: ['x'], groups: ['x'] }),
    ];
    const untold = { kind: 'unknown', source: 'hr', because: 'untold' };
    expect(believed('roles', reports, order)).toEqual(untold);
    expect(believed('name', reports, order)).toEqual(untold);
    expect(believed('@office', reports, order)).toEqual(untold);
    expect(believed('groups', reports, order)).toMatchObject({ kind: 'known' });
  });

  it('does not know what a source told to be elsewhere or could not be read', () => {
    for (const unknown of ['elsewhere', 'unusable'] as const) {
      const reports = [report('token', { groups: { unknown }, roles: ['x'] })];
      expect(believed('groups', reports, order)).toEqual({ kind: 'unknown', because: unknown, ...from('token') });
    }
  });

  it('asks in the order of the witnesses and of nobody else', () => {
    const reports = [
      report('hr', { roles: ['r'] }),
      report('token', { roles: ['x'] }),
      report('gone', { roles: ['z'] }),
    ];
    expect(believed('roles', reports, [token, hr])).toMatchObject({ value: ['x'] });
    expect(believed('roles', reports, [])).toEqual({ kind: 'known', value: [] });
  });

  it('makes a name of the parts that were told, each as new as it is', () => {
    const layers: Layer[] = [
      { version: at(5), told: { 'name 2': 'Yamada' } },
      { version: at(2), told: { name: 'Taro' } },
    ];
    const name = (fields: readonly Layer[]) => believed('name', [{ source: 'hr', fields }], order);
    expect(name(layers)).toEqual({ kind: 'known', value: 'Taro Yamada', by: from('hr', 5) });
    expect(name(layers.slice(1))).toEqual({ kind: 'known', value: 'Taro', by: from('hr', 2) });
    expect(name([{ version: at(1), told: { name: '', 'name 2': 'Yamada' } }])).toMatchObject({ value: 'Yamada' });
  });
});

describe('tells', () => {
  it.each(['constructor', '__proto__', 'toString'])(
    'knows %s as the name of an attribute and as nothing else',
    (name) => {
      expect([tells(hr, name), tells(hr, `@${name}`), tells(crm, `@${name}`)]).toEqual([false, false, true]);
      expect(tells({ fields: [], attributes: [name] }, `@${name}`)).toBe(true);
    },
  );
});
