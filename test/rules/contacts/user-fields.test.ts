import { describe, expect, it } from 'vitest';
import { noFields, usableFields, userFieldsSchema } from '../../../functions/rules/contacts/user-fields.ts';

const read = (fields: object) => userFieldsSchema.safeParse(fields);

describe('userFieldsSchema', () => {
  it('says that what is absent is empty', () => {
    expect(read({}).data).toEqual(noFields);
  });

  it('trims texts', () => {
    expect(read({ name: '  Sample Member ', phoneNumber: ' 0912 ' }).data).toMatchObject({
      name: 'Sample Member',
      phoneNumber: '0912',
    });
  });

  it.each<[string, object]>([
    ['an avatar that is not https', { avatar: 'http://corp.example/a.png' }],
    ['an avatar with a password in its address', { avatar: 'https://user:word@corp.example/a.png' }],
    ['an avatar whose host not every reader finds', { avatar: 'https:corp.example/a.png' }],
    ['an avatar that runs a script', { avatar: 'javascript:alert(1)' }],
    ['an avatar beyond 511 characters', { avatar: `https://corp.example/${'x'.repeat(500)}` }],
    ['an address beyond 254 characters', { email: `${'x'.repeat(250)}@corp.example` }],
    ['a name with half a character', { name: 'a\ud800' }],
    ['501 roles', { roles: Array.from({ length: 501 }, (_, index) => `role-${index}`) }],
    ['an attribute without a name', { attributes: { '': 'x' } }],
    ['null', { name: null }],
    ['an unknown field', { nickname: 'x' }],
    [
      'more than 64 KiB in all',
      { attributes: Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`a${index}`, 'x'.repeat(2000)])) },
    ],
  ])('refuses %s', (_, fields) => {
    expect(read(fields).success).toBe(false);
  });

  it('takes 64 KiB and refuses one byte more, counted in bytes', () => {
    // 29 attributes of 2048 bytes each; the last one makes up the rest.
    const filled = (last: string) => {
      const entries = Array.from({ length: 29 }, (_, index) => [`a${index}`, '名'.repeat(682) + 'xx']);
      return { attributes: Object.fromEntries([...entries, ['b', '名'.repeat(1_300)], ['last', last]]) };
    };
    const rest = 65_536 - Buffer.byteLength(JSON.stringify({ ...noFields, ...filled('') }));
    expect([rest > 0 && rest <= 2_048, read(filled('x'.repeat(rest))).success]).toEqual([true, true]);
    expect(read(filled('x'.repeat(rest + 1))).success).toBe(false);
  });
});

describe('usableFields', () => {
  const claimed = {
    name: 'Sample Member',
    email: 'member@corp.example',
    phoneNumber: '0912',
    avatar: 'https://corp.example/a.png',
    roles: ['staff'],
    groups: ['sales'],
    attributes: { country: 'JP' },
  };

  it('takes everything that fits', () => {
    expect(usableFields(claimed)).toEqual(claimed);
  });

  it.each<[keyof typeof claimed, unknown]>([
    ['name', 'a\nb'],
    ['email', 'member'],
    ['phoneNumber', 912345678],
    ['avatar', 'http://corp.example/a.png'],
    ['avatar', 'https://user:word@corp.example/a.png'],
    ['avatar', 'https:corp.example/a.png'],
  ])('leaves %s empty where it is %j, and keeps the rest', (field, value) => {
    expect(usableFields({ ...claimed, [field]: value })).toEqual({ ...claimed, [field]: noFields[field] });
  });

  it.each<[keyof typeof claimed, unknown]>([
    ['roles', ['staff', 7]],
    ['roles', { staff: true }],
    ['groups', ['']],
    ['groups', Array.from({ length: 501 }, (_, index) => `group-${index}`)],
    ['attributes', { country: 'a\nb' }],
  ])('takes no roles, groups and attributes at all where %s is %j', (field, value) => {
    // A group that cannot be read may be the one that keeps a wider rule away.
    const nothing = { roles: [], groups: [], attributes: {} };
    expect(usableFields({ ...claimed, [field]: value })).toEqual({ ...claimed, ...nothing });
  });

  it('takes nothing of claims that are too long as a whole', () => {
    const roles = Array.from({ length: 400 }, (_, index) => `${index}`.padStart(200, 'x'));
    expect(usableFields({ ...claimed, roles })).toEqual(noFields);
  });
});
