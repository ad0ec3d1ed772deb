import { describe, expect, it } from 'vitest';
import { documentOf, operationsIn, patched } from '../../functions/rules/scim/document.ts';
import { ScimFailure } from '../../functions/rules/scim/failure.ts';
import { readFilter } from '../../functions/rules/scim/filter.ts';
import { hasWithdrawn, withdrawal } from '../../functions/rules/scim/withdrawn.ts';
import { patchOf, sampleUser } from '../rigs/scim-rig.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User';
const shared = [Object.prototype, Object, Function.prototype, Array.prototype, String.prototype, Number.prototype];
/** Every own member of what all objects of the process share, and theirs. */
const sharedNow = () =>
  shared.flatMap((one) =>
    Reflect.ownKeys(one).map((key) => {
      const { value } = Object.getOwnPropertyDescriptor(one, key)!;
      return [key, value, typeof value === 'function' ? Reflect.ownKeys(value as object).length : 0];
    }),
  );
const before = sharedNow();

const names = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'isPrototypeOf', 'valueOf'];
const keys = names.flatMap((name) => [name, `${name}.carry`, `emails.${name}`, `${name.toUpperCase()}.assign`]);

describe('what all directories share stays as it is', () => {
  it.each(keys.flatMap((key) => [key, `${ENTERPRISE}:${key}`, `${CORE}:${key}`, `${ENTERPRISE}.${key}`]))(
    'for a member %s',
    async (key) => {
      const user = documentOf('User', sampleUser('amy', { [key]: true, [ENTERPRISE]: { [key]: 'x' } }));
      expect(user).toMatchObject({ userName: 'amy@sample.test' });
      for (const value of [{ [key]: true }, { [ENTERPRISE]: { [key]: true } }, { name: { [key]: 'x' } }])
        await patched('User', user, operationsIn(patchOf({ op: 'add', value }))).catch((error: unknown) =>
          expect(error).toBeInstanceOf(ScimFailure),
        );
      expect(sharedNow()).toEqual(before);
    },
  );

  it.each(keys)('for a filter by %s', async (key) => {
    expect(() => readFilter(`${key} eq "x"`)).toThrow(ScimFailure);
    expect(() => readFilter(`emails[${key} eq "x"]`)).toThrow(ScimFailure);
    const user = documentOf('User', sampleUser('amy', { emails: [{ value: 'a@sample.test' }] }));
    for (const path of [`emails[${key} eq "x"].value`, `emails[${key}.call eq "x"].value`, `emails.${key}`, key])
      await expect(patched('User', user, operationsIn(patchOf({ op: 'replace', path, value: 'x' })))).rejects.toThrow(
        ScimFailure,
      );
    expect(sharedNow()).toEqual(before);
  });
});

describe('a withdrawal is seen', () => {
  const linkWith = (told: Record<string, unknown>) =>
    ({ reports: [{ source: 'entra', fields: [{ told }] }] }) as unknown as Parameters<typeof hasWithdrawn>[0];
  it.each<[string, Record<string, unknown>, boolean, string?]>([
    ['among groups', { groups: ['other', 'big'] }, true],
    ['in an attribute of one group', { '@team': 'big' }, true],
    ['in an attribute of several', { '@team': 'other big small' }, true],
    ['and not in another name', { '@team': 'bigger', groups: ['bigger'] }, false],
    ['and not in what is empty, by a name of blanks', { '@team': '', groups: [] }, false, ' '],
  ])('%s', (_, told, held, name = 'big') => {
    expect(hasWithdrawn(linkWith(told), 'entra', [withdrawal('g1', name)])).toBe(held);
  });
});
