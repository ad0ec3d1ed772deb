import { describe, expect, it } from 'vitest';
import { plainPaths, readFields, valueAt } from '../../../functions/rules/contacts/read-fields.ts';
import { emptyUser, wholeUser } from './sample-changes.ts';

const paths = {
  name: ['first', 'last'],
  email: 'mail.0',
  phoneNumber: 'phone',
  avatar: 'picture',
  roles: 'access.roles',
  groups: 'access.groups',
  attributes: { country: 'more.country', level: 'more.level' },
};
const record = {
  first: 'Sample',
  last: 'Member',
  mail: ['sample-member@example.com'],
  phone: 886255500100,
  picture: 'https://images.example.com/a.png',
  access: { roles: 'staff', groups: new Set(['sales']) },
  more: { country: ['JP'], level: 7 },
};
const told = {
  name: 'Sample',
  'name 2': 'Member',
  email: 'sample-member@example.com',
  phoneNumber: '886255500100',
  avatar: 'https://images.example.com/a.png',
  roles: ['staff'],
  groups: ['sales'],
  '@country': 'JP',
  '@level': '7',
};
const nothing = Object.fromEntries(
  Object.entries(told).map(([key, value]) => [key, typeof value === 'string' ? '' : []]),
);
const unusable = { unknown: 'unusable' };

describe('valueAt', () => {
  const record = {
    a: { b: { c: 1 }, 'b.c': 2 },
    list: ['x', 'y'],
    'https://corp.example/role': 'staff',
    access: { chat: {}, 'chat.app': { roles: ['sales'] } },
  };

  it.each<[string, unknown]>([
    ['a.b', { c: 1 }],
    ['a.b.c', 2],
    ['list.1', 'y'],
    ['https://corp.example/role', 'staff'],
    ['access.chat.app.roles', ['sales']],
    ['access.chat.app', { roles: ['sales'] }],
    ['access.chat.roles', undefined],
    ['a.missing.c', undefined],
    ['list.1.length', undefined],
    ['constructor', undefined],
    ['a.__proto__', undefined],
    ['a.constructor.name', undefined],
    ['', undefined],
  ])('finds at "%s" %j', (at, value) => {
    expect(valueAt(record, at)).toEqual(value);
  });
});

describe('a whole record', () => {
  it('tells every field from its path', () => {
    expect(readFields(record, paths)).toEqual({ told, flaws: [] });
  });

  it.each([undefined, null, 'text', 7, [], {}])('tells of %j that everything is empty', (empty) => {
    expect(readFields(empty, paths)).toEqual({ told: nothing, flaws: [] });
  });

  it('tells nothing of a field that the source is not declared to tell', () => {
    const { name: _, 'name 2': __, roles: ___, '@level': ____, ...rest } = told;
    const fewer = { ...paths, name: false as const, roles: false as const, attributes: { country: 'more.country' } };
    expect(readFields(record, fewer).told).toEqual(rest);
  });

  it('has a display field empty that cannot be used, and a right unknown', () => {
    const odd = { ...record, mail: ['mistyped'], access: { roles: ['staff', {}] }, more: { country: ['JP', 'TW'] } };
    expect(readFields(odd, paths)).toEqual({
      told: { ...told, email: '', roles: unusable, groups: [], '@country': unusable, '@level': '' },
      flaws: ['email', 'roles', 'attributes'].map((path) => ({ path, problem: expect.any(String) })),
    });
  });
});

describe('a record with attributes of any name', () => {
  it('tells those that it has, and that there are no others', () => {
    expect(wholeUser({ attributes: { country: 'JP' } })).toEqual({ ...emptyUser, '@country': 'JP', '@': '' });
    expect(emptyUser['@']).toBe('');
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'length', 'name', '@', '@country', '1'])(
    'takes the name %s as it takes every other',
    (name) => {
      const attributes = Object.fromEntries([
        [name, 'x'],
        ['country', 'JP'],
      ]);
      const { told: read } = readFields(JSON.parse(JSON.stringify({ attributes })), plainPaths);
      expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
      expect(Object.entries(read)).toContainEqual([`@${name}`, 'x']);
      expect(read).toMatchObject({ '@country': 'JP', '@': '', name: '' });
    },
  );

  it.each<[string, unknown]>([
    ['a list', ['JP']],
    ['a text', 'JP'],
    ['a number', 7],
    ['an empty name', { '': 'x' }],
    ['a name of two lines', { 'a\nb': 'x' }],
    ['a name of half a character', { '\ud800': 'x' }],
    ['a name of 257 characters', { ['x'.repeat(257)]: 'x' }],
  ])('knows no attribute at all where they are %s', (_, attributes) => {
    expect(readFields({ attributes, roles: ['staff'] }, plainPaths)).toEqual({
      told: { ...emptyUser, roles: ['staff'], '@': unusable },
      flaws: [{ path: 'attributes', problem: expect.any(String) }],
    });
  });

  it('knows no role, group or attribute of a user above 64 KiB, and keeps the name', () => {
    const attributes = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`a${index}`, 'x']));
    expect(readFields({ attributes, roles: ['staff'], name: 'Sample' }, plainPaths)).toEqual({
      told: { ...emptyUser, name: 'Sample', roles: unusable, groups: unusable, '@': unusable },
      flaws: [{ path: '', problem: expect.any(String) }],
    });
  });
});

describe('a part of a record', () => {
  const part = (members: object) => readFields(members, paths, 'part').told;

  it('tells the fields whose top-level member it carries', () => {
    expect(part({ phone: 1 })).toEqual({ phoneNumber: '1' });
    expect(part({ last: 'Another' })).toEqual({ 'name 2': 'Another' });
    expect(part({ access: { roles: ['x'], groups: ['y'] } })).toEqual({ roles: ['x'], groups: ['y'] });
  });

  it('tells that there is nothing at a path whose top-level member it carries without it', () => {
    expect(part({ access: {} })).toEqual({ roles: [], groups: [] });
    expect(part({ access: { roles: ['x'] } })).toEqual({ roles: ['x'], groups: [] });
    expect(part({ more: {} })).toEqual({ '@country': '', '@level': '' });
  });

  it('tells that there is nothing where the member is null', () => {
    expect(part({ access: null })).toEqual({ roles: [], groups: [] });
    expect(part({ phone: null, first: null })).toEqual({ phoneNumber: '', name: '' });
  });

  it.each([{}, { other: 1 }, null, undefined, 'text', []])('tells nothing of %j', (members) => {
    expect(readFields(members, paths, 'part')).toEqual({ told: {}, flaws: [] });
    expect(readFields(members, { ...paths, attributes: 'all' }, 'part')).toEqual({ told: {}, flaws: [] });
  });

  it('tells of attributes of any name where it carries them', () => {
    const any = (attributes: unknown) => readFields({ attributes }, { ...paths, attributes: 'all' }, 'part').told;
    expect(any({ country: 'JP' })).toEqual({ '@': '', '@country': 'JP' });
    expect(any(null)).toEqual({ '@': '' });
  });

  it('finds a member whose name has dots', () => {
    const named = { ...paths, roles: 'https://corp.example/roles' };
    expect(readFields({ 'https://corp.example/roles': ['x'] }, named, 'part').told).toEqual({ roles: ['x'] });
    expect(readFields({ 'https://corp': 1 }, named, 'part').told).toEqual({ roles: [] });
  });
});
