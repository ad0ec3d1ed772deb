import { describe, expect, it } from 'vitest';
import { mappedFields, valueAt } from '../../../functions/rules/sources/mapping.ts';
import { noFields } from '../../../functions/rules/contacts/user-fields.ts';

const paths = {
  name: ['first', 'last'],
  email: 'mail.0',
  phoneNumber: 'phone',
  avatar: 'picture',
  roles: 'access.roles',
  groups: 'access.groups',
  attributes: { country: 'more.country', level: 'more.level' },
};

describe('valueAt', () => {
  const record = { a: { b: { c: 1 }, 'b.c': 2 }, list: ['x', 'y'], 'https://corp.example/role': 'staff' };

  it.each<[string, unknown]>([
    ['a.b', { c: 1 }],
    ['a.b.c', 2],
    ['list.1', 'y'],
    ['https://corp.example/role', 'staff'],
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

describe('mappedFields', () => {
  const record = {
    first: 'Sample',
    last: 'Member',
    mail: ['sample-member@example.com'],
    phone: 886255500100,
    picture: 'https://images.example.com/a.png',
    access: { roles: 'staff', groups: new Set(['sales']) },
    more: { country: ['JP'], level: 7 },
  };

  it('takes every field from its path', () => {
    expect(mappedFields(record, paths)).toEqual({
      name: 'Sample Member',
      email: 'sample-member@example.com',
      phoneNumber: '886255500100',
      avatar: 'https://images.example.com/a.png',
      roles: ['staff'],
      groups: ['sales'],
      attributes: { country: 'JP', level: '7' },
    });
  });

  it.each([undefined, null, 'text', [], {}])('takes nothing from %j', (nothing) => {
    expect(mappedFields(nothing, paths)).toEqual(noFields);
  });

  it('leaves out what does not fit, and keeps the rest', () => {
    const odd = {
      ...record,
      mail: ['mistyped'],
      access: { roles: ['staff', 7] },
      more: { country: ['JP', 'TW'], level: 'a\nb' },
    };
    expect(mappedFields(odd, paths)).toEqual({
      ...noFields,
      name: 'Sample Member',
      phoneNumber: '886255500100',
      avatar: 'https://images.example.com/a.png',
    });
  });

  it('takes no permission at all where one attribute does not fit, because it may be the one that narrows', () => {
    const odd = { ...record, more: { country: 'JP', level: { x: 1 } } };
    expect(mappedFields(odd, paths)).toMatchObject({ name: 'Sample Member', roles: [], groups: [] });
    expect(mappedFields(odd, paths).attributes).toEqual({});
  });

  it.each([undefined, null])('passes over an attribute that is %s', (level) => {
    const { roles, attributes } = mappedFields({ ...record, more: { country: 'JP', level } }, paths);
    expect({ roles, attributes }).toEqual({ roles: ['staff'], attributes: { country: 'JP' } });
  });

  it('gives nobody another prototype by an attribute called __proto__', () => {
    const attributes = Object.fromEntries([['__proto__', 'more.country']]);
    const fields = mappedFields(record, { ...paths, attributes });
    expect(Object.getPrototypeOf(fields.attributes)).toBe(Object.prototype);
  });
});
