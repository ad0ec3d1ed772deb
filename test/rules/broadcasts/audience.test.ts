import { describe, expect, it } from 'vitest';
import { audienceRule, audienceSchema, placeOf, type Audience } from '../../../functions/rules/broadcasts/audience.ts';
import type { Link } from '../../../functions/rules/contacts/link.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';
import { wholeUser } from '../contacts/sample-changes.ts';
import { confirmed, rowFrom, samplePolicy } from '../contacts/sample-links.ts';

const contactId = '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2b11';
const told = wholeUser({ roles: ['staff'], attributes: { country: 'JP' } });
const user = confirmed(rowFrom({ source: 'a', kind: 'create', version: timeVersion(1), told }), contactId);
const visitor: Link = { ...user, pk: 'visitor#7f0d1c52' };

const everybody: Audience = { kind: 'all' };
const named: Audience = { kind: 'users', userIds: ['sample-member'] };
const byContact: Audience = { kind: 'contacts', contactIds: [contactId] };
const placeIn = (audience: Audience, link: Link = user) =>
  placeOf({ id: link.pk, link }, audienceRule(audienceSchema.parse(audience), samplePolicy.witnesses));

describe('a user', () => {
  it.each([everybody, named, byContact])('who is active and bound is reached: %j', (audience) => {
    expect(placeIn(audience)).toEqual({ contactId });
  });

  it.each(['disabled', 'deleted'] as const)(
    'who is %s is listed only where somebody named that user',
    (accountStatus) => {
      expect(placeIn(everybody, { ...user, accountStatus })).toBe('outside');
      expect(placeIn(named, { ...user, accountStatus })).toEqual({ excluded: accountStatus });
      expect(placeIn(byContact, { ...user, accountStatus })).toEqual({ excluded: accountStatus });
    },
  );

  it('without a contact cannot be reached', () => {
    const { contactId: _, ...unbound } = user;
    expect(placeIn(named, unbound)).toEqual({ excluded: 'no_contact' });
  });

  it.each<[string, Audience['except']]>([
    ['by the user id', { userIds: ['sample-member'] }],
    ['by the contact id', { contactIds: [contactId] }],
    ['by the contact id in capital letters', { contactIds: [contactId.toUpperCase()] }],
  ])('who is excepted %s is outside', (_, except) => {
    for (const audience of [everybody, named, byContact]) expect(placeIn({ ...audience, except })).toBe('outside');
  });

  it.each<[NonNullable<Audience['where']>, boolean]>([
    [{ roles: ['staff'] }, true],
    [{ roles: ['partner', 'staff'] }, true],
    [{ roles: ['partner'] }, false],
    [{ attributes: { country: 'JP' } }, true],
    [{ attributes: { country: 'TW' } }, false],
    [{ attributes: { country: 'JP', toString: 'x' } }, false],
    [{ roles: ['staff'], attributes: { country: 'TW' } }, false],
  ])('is reached by role and attribute: %j', (where, isReached) => {
    expect(placeIn({ ...everybody, where })).toEqual(isReached ? { contactId } : 'outside');
  });
});

describe('a condition on what a store tells', () => {
  const store = { ...samplePolicy.witnesses[0]!, isRead: true };
  const told = wholeUser({ roles: ['staff'], attributes: { country: 'JP' } });
  const before = { source: store.source, kind: 'update', version: timeVersion(1), told } as const;
  const after = (...changed: string[]) => {
    const { reports } = rowFrom(before, { source: store.source, kind: 'hint', version: timeVersion(2), changed });
    const link = { ...user, reports };
    const place = (where: NonNullable<Audience['where']>) =>
      placeOf({ id: link.pk, link }, audienceRule({ kind: 'all', where }, [store])) !== 'outside';
    return { byRole: place({ roles: ['staff'] }), byAttribute: place({ attributes: { country: 'JP' } }) };
  };

  it.each([
    [[], { byRole: true, byAttribute: true }],
    [['roles'], { byRole: false, byAttribute: true }],
    [['@'], { byRole: true, byAttribute: false }],
    [['record'], { byRole: false, byAttribute: false }],
  ])('reaches nobody of whom %j may have changed, until they are read', (changed, reached) => {
    expect(after(...changed)).toEqual(reached);
  });
});

describe('a visitor', () => {
  it('is no part of everybody, nor of a list of users', () => {
    expect(placeIn(everybody, visitor)).toBe('outside');
    expect(placeIn(named, visitor)).toBe('outside');
  });

  it('is reached by the contact id', () => {
    expect(placeIn(byContact, visitor)).toEqual({ contactId });
  });
});
