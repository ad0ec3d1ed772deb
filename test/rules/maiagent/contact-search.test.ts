import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  searchResult,
  type Contact,
  type SearchFor,
  type SearchPages,
} from '../../../functions/rules/maiagent/contact-search.ts';

const inboxId = 'inbox';
const contact = (changes: Partial<Contact> = {}): Contact => ({
  id: 'c1',
  sourceId: 'emp-1',
  inboxIds: [inboxId],
  name: 'Sample Member',
  email: undefined,
  phoneNumber: undefined,
  avatar: undefined,
  queryMetadata: null,
  metadata: [],
  createdAtMs: 1,
  ...changes,
});
const pages = (contacts: Contact[], changes: Partial<SearchPages> = {}): SearchPages => ({
  contacts,
  unreadable: 0,
  count: contacts.length,
  isComplete: true,
  ...changes,
});
const search = (contacts: Contact[], changes: Partial<SearchPages> = {}, searchFor: SearchFor = 'one') =>
  searchResult(pages(contacts, changes), 'emp-1', inboxId, searchFor);

describe('searchResult', () => {
  it('finds the one contact with our sourceId in our inbox', () => {
    const ours = contact();
    expect(search([ours])).toEqual({ kind: 'found', contact: ours, extraIds: [] });
    expect(search([contact({ inboxIds: ['other', inboxId] })]).kind).toBe('found');
  });

  it.each<[string, Partial<Contact>]>([
    ['a longer sourceId', { sourceId: 'emp-10' }],
    ['a sourceId in other letters', { sourceId: 'EMP-1' }],
    ['a sourceId with a space', { sourceId: 'emp-1 ' }],
    ['no sourceId but the same name', { sourceId: null, name: 'emp-1' }],
    ['the searched text as its id', { sourceId: null, id: 'emp-1' }],
    ['our sourceId in another inbox', { inboxIds: ['other'] }],
    ['our sourceId in no inbox', { inboxIds: [] }],
    ['no sourceId given, in another inbox', { sourceId: undefined, inboxIds: ['other'] }],
    ['another sourceId and no inbox given', { sourceId: 'emp-2', inboxIds: undefined }],
  ])('finds nothing in a contact with %s', (_, changes) => {
    expect(search([contact(changes)])).toEqual({ kind: 'none' });
  });

  it.each<[string, Contact[], Partial<SearchPages>]>([
    ['pages are missing', [], { isComplete: false }],
    ['an element cannot be read', [], { unreadable: 1, count: 1 }],
    ['an element of a plain list cannot be read', [], { unreadable: 1, count: undefined }],
    ['an element that the count leaves out cannot be read', [], { unreadable: 1, count: 0 }],
    ['an element beside a match cannot be read', [contact()], { unreadable: 1, count: 2 }],
    ['the count says more than was read', [contact({ sourceId: 'emp-10' })], { count: 2 }],
    ['the count says less than was read', [contact({ sourceId: 'emp-10' })], { count: 0 }],
    [
      'one contact came twice, so another may have been missed',
      [contact({ sourceId: 'emp-10' }), contact({ sourceId: 'emp-10' })],
      { count: 2 },
    ],
    ['a contact in our inbox does not say its sourceId', [contact({ sourceId: undefined })], {}],
    ['a contact says neither sourceId nor inbox', [contact({ sourceId: undefined, inboxIds: undefined })], {}],
    ['a contact with our sourceId does not say its inbox', [contact({ inboxIds: undefined })], {}],
    ['a match stands beside one that might match', [contact(), contact({ id: 'c2', inboxIds: undefined })], {}],
  ])('cannot tell where %s', (_, contacts, changes) => {
    expect(search(contacts, changes)).toEqual({ kind: 'inconclusive' });
  });

  it.each<[string, Partial<SearchPages>]>([
    ['pages are missing', { isComplete: false }],
    ['the count says more', { count: 9 }],
  ])(
    'needs no other contact than the match that was read, but for a search for all of them, where %s',
    (_, changes) => {
      expect(search([contact(), contact({ id: 'c2', sourceId: 'emp-10' })], changes)).toMatchObject({ kind: 'found' });
      expect(search([contact()], changes, 'all')).toEqual({ kind: 'inconclusive' });
    },
  );

  it('takes a plain list without a count for complete', () => {
    expect(search([contact()], { count: undefined }).kind).toBe('found');
    expect(search([], { count: undefined })).toEqual({ kind: 'none' });
  });

  it('finds nothing where nothing came', () => {
    expect(search([])).toEqual({ kind: 'none' });
  });

  it('takes the oldest of several and names the others', () => {
    const [old, young] = [contact({ id: 'c9', createdAtMs: 1 }), contact({ id: 'c1', createdAtMs: 2 })];
    expect(search([young, old])).toEqual({ kind: 'found', contact: old, extraIds: ['c1'] });
  });

  it('takes the lower id of several that are equally old, and one with an age before one without', () => {
    expect(search([contact({ id: 'c2' }), contact({ id: 'c1' })])).toMatchObject({
      contact: { id: 'c1' },
      extraIds: ['c2'],
    });
    expect(search([contact({ id: 'c1', createdAtMs: undefined }), contact({ id: 'c2' })])).toMatchObject({
      contact: { id: 'c2' },
    });
    const ageless = [contact({ id: 'c2', createdAtMs: undefined }), contact({ id: 'c1', createdAtMs: undefined })];
    expect(search(ageless)).toMatchObject({ contact: { id: 'c1' }, extraIds: ['c2'] });
  });

  it('decides the same whatever order the contacts come in', () => {
    const some = fc.uniqueArray(
      fc.record({
        id: fc.constantFrom('c1', 'c2', 'c3', 'c4'),
        sourceId: fc.constantFrom('emp-1', 'emp-10', null),
        createdAtMs: fc.constantFrom(1, 2, undefined),
      }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(some, (given) => {
        const contacts = given.map((one) => contact(one));
        expect(search(contacts.toReversed())).toEqual(search(contacts));
      }),
    );
  });
});
