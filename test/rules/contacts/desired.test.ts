import { describe, expect, it } from 'vitest';
import type { Reports, SourceReport } from '../../../functions/rules/contacts/reports.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';
import { ANONYMOUS, desiredOf } from '../../../functions/rules/contacts/desired.ts';
import { wholeUser, type SampleFields } from './sample-changes.ts';
import { samplePolicy, sampleUser } from './sample-links.ts';

const reports = (fields: SampleFields, more: Partial<SourceReport> = {}): Reports => [
  { source: 'a', fields: [{ version: timeVersion(1), told: wholeUser(fields) }], ...more },
];
const desired = (fields: SampleFields, more: Partial<SourceReport> = {}) =>
  desiredOf(sampleUser, reports(fields, more), samplePolicy);
const person = {
  name: 'Sample Member',
  email: 'member@corp.example',
  phoneNumber: '+886912345678',
  avatar: 'https://corp.example/m.png',
};

describe('desiredOf', () => {
  it('carries the fields of a user, the grant of the first rule that holds, and the attributes that are shown', () => {
    const { contact } = desired({ ...person, roles: ['staff'], attributes: { department: 'Sales', salary: '1' } });
    expect(contact).toMatchObject({
      ...person,
      queryMetadata: { knowledge_bases: [{ has_user_selected_all: 'True' }] },
      metadata: [{ key: 'department', value: 'Sales' }],
    });
  });

  it('gives a user who matches no rule the configured none', () => {
    expect(desired(person).contact.queryMetadata).toEqual({
      knowledge_bases: [{ knowledge_base_id: expect.stringMatching(/00$/), has_user_selected_all: 'True' }],
    });
  });

  it('takes every permission from a disabled user and leaves the name', () => {
    const disabled = desired(
      { ...person, roles: ['staff'] },
      { status: { version: timeVersion(2), value: 'disabled' } },
    );
    expect(disabled.contact).toMatchObject(person);
    expect(disabled.permissions).toBe(desired(person).permissions);
  });

  it('takes everything personal from a deleted user', () => {
    const { contact } = desired({ ...person, attributes: { department: 'Sales' } }, { deleted: timeVersion(2) });
    expect(contact).toEqual({
      name: ANONYMOUS,
      email: '',
      phoneNumber: '',
      avatar: '',
      queryMetadata: desired({}).contact.queryMetadata,
      metadata: [],
    });
  });

  it('gives a visitor no name and the permissions of visitors', () => {
    const visitor = { kind: 'visitor', visitorId: 'v' } as const;
    const permissions = {
      ...samplePolicy.permissions,
      visitor: samplePolicy.permissions.rules[0]?.grant ?? samplePolicy.permissions.none,
    };
    expect(desiredOf(visitor, [], { ...samplePolicy, permissions }).permissions).toBe(
      desired({ roles: ['staff'] }).permissions,
    );
    expect(desiredOf(visitor, [], samplePolicy)).toMatchObject({
      contact: { name: '匿名' },
      permissions: desired({}).permissions,
    });
  });

  it.each([
    ['an empty name', '', '匿名'],
    ['a name of 255 characters', 'x'.repeat(255), 'x'.repeat(255)],
    ['a name of 256 characters', 'x'.repeat(256), 'x'.repeat(255)],
    ['a name whose last character would be cut in half', `${'x'.repeat(254)}𝄞`, 'x'.repeat(254)],
    ['a name with a space where it is cut', `${'x'.repeat(254)} ${'x'.repeat(9)}`, 'x'.repeat(254)],
    ['a name of characters that nobody sees', '\u200b\u3164\u2800', '匿名'],
  ])('sends %s as MaiAgent can take it', (_, name, sent) => {
    expect(desired({ name }).contact.name).toBe(sent);
  });

  it('has another hash when anything differs, and other permissions only when the permissions differ', () => {
    const before = desired(person);
    const renamed = desired({ ...person, name: 'Another' });
    expect(renamed.hash).not.toBe(before.hash);
    expect(renamed.permissions).toBe(before.permissions);
    expect(desired({ ...person, roles: ['staff'] }).permissions).not.toBe(before.permissions);
  });

  it('shows no attribute that only the prototype of objects has', () => {
    const policy = { ...samplePolicy, metadata: ['constructor', 'toString'] };
    expect(desiredOf(sampleUser, reports({}), policy).contact.metadata).toEqual([]);
  });
});
