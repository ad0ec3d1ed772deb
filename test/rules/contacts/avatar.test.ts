import { describe, expect, it } from 'vitest';
import { usableFields, userFieldsSchema, noFields } from '../../../functions/rules/contacts/user-fields.ts';

describe('an avatar', () => {
  it.each([
    'http://localhost/a.png',
    'http://127.0.0.1/a.png',
    'http://corp.example/a.png',
    'ftp://corp.example/a.png',
  ])('at %s is none: people see it in MaiAgent’s console, and no machine of theirs has it', (avatar) => {
    expect(userFieldsSchema.safeParse({ avatar }).success).toBe(false);
    expect(usableFields({ ...noFields, avatar }).avatar).toBe('');
  });

  it('over https is taken as it is', () => {
    const avatar = 'https://corp.example/a.png';
    expect(userFieldsSchema.safeParse({ avatar }).data?.avatar).toBe(avatar);
    expect(usableFields({ ...noFields, avatar }).avatar).toBe(avatar);
  });
});
