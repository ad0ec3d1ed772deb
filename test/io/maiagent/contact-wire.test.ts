import { describe, expect, it } from 'vitest';
import {
  field,
  readContact,
  textOf,
  timeOf,
  writeCreate,
  writeUpdate,
} from '../../../functions/io/maiagent/contact-wire.ts';
import { joined, readPageOf } from '../../../functions/io/maiagent/page.ts';
import type { DesiredContact } from '../../../functions/rules/contacts/desired.ts';

const id = '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2b11';
const inbox = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01';
const otherInbox = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a02';
const read = (fields: object) => readContact({ id, name: 'Sample Member', ...fields });
/** Reads a page whose elements are taken as they are. */
const readPage = readPageOf((element) => element);
const desired: DesiredContact = {
  name: 'Sample Member',
  email: '',
  phoneNumber: '+886912345678',
  avatar: '',
  queryMetadata: { knowledge_bases: [{ knowledge_base_id: id, has_user_selected_all: 'True' }] },
  metadata: [{ key: 'department', value: 'Sales' }],
};

/** Each contradiction of MaiAgent's documents that concerns the bridge, by its number in the list of facts. */
describe('where the documents of MaiAgent contradict each other', () => {
  it('1: reads camelCase and snake_case, and prefers camelCase', () => {
    const camel = read({ phoneNumber: '1', sourceId: 's', queryMetadata: { a: 1 }, createdAt: '1767225600000' });
    const snake = read({ phone_number: '1', source_id: 's', query_metadata: { a: 1 }, created_at: '1767225600000' });
    expect(snake).toEqual(camel);
    expect(read({ sourceId: 'camel', source_id: 'snake', phoneNumber: '1', phone_number: '2' })).toMatchObject({
      sourceId: 'camel',
      phoneNumber: '1',
    });
    expect(field({ phone_number: 1 }, 'phoneNumber')).toBe(1);
  });

  it('1: leaves the keys inside queryMetadata and metadata as they are', () => {
    const inner = { knowledge_bases: [{ has_user_selected_all: 'True' }], hasUserSelectedAll: true };
    expect(read({ queryMetadata: inner })?.queryMetadata).toEqual(inner);
    expect(read({ metadata: { some_key: 'a', someKey: 'b' } })?.metadata).toEqual([
      { key: 'some_key', value: 'a' },
      { key: 'someKey', value: 'b' },
    ]);
  });

  it('2: writes camelCase', () => {
    const written = [...Object.keys(writeUpdate(desired, '')), ...Object.keys(writeCreate(desired, 's', inbox))];
    expect(written.filter((key) => key.includes('_'))).toEqual([]);
  });

  it.each([
    ['page and pageSize', 'https://api.maiagent.ai/api/v1/contacts/?page=2&pageSize=20', { page: '2', pageSize: '20' }],
    ['limit and offset', 'https://api.maiagent.ai/api/v1/contacts/?limit=20&offset=20', { limit: '20', offset: '20' }],
  ])('4: takes the place of the next page as %s', (_, next, place) => {
    expect(Object.fromEntries(readPage({ count: 40, next, results: [] })?.next ?? [])).toEqual(place);
  });

  it('5: takes only the query of next, whatever host it names', () => {
    const page = readPage({ count: 40, next: 'http://api.example.org/accounts/?offset=400&limit=100', results: [] });
    expect(page?.next?.toString()).toBe('offset=400&limit=100');
    expect(JSON.stringify(page)).not.toContain('example.org');
  });

  it('5: has no next page where next is null or left out', () => {
    expect(readPage({ count: 0, next: null, previous: null, results: [] })?.next).toBeUndefined();
    expect(readPage({ count: 0, results: [] })?.next).toBeUndefined();
  });

  it('6: flattens a list in a list, and only one level', () => {
    expect(readPage({ count: 2, results: [[{ id: 1 }, { id: 2 }]] })?.items).toEqual([{ id: 1 }, { id: 2 }]);
    expect(readPage({ count: 0, results: [[]] })?.items).toEqual([]);
    expect(readPage({ count: 1, results: [[[1]]] })?.items).toEqual([[1]]);
    expect(readPage({ count: 2, results: [{ id: 1 }, [{ id: 2 }]] })?.items).toEqual([{ id: 1 }, [{ id: 2 }]]);
  });

  it('6: counts what cannot be read and keeps the rest', () => {
    const page = readPageOf(readContact)({ results: [{ id }, { id: 'no-uuid' }, null, 7, [], {}], count: 6 });
    expect(page).toMatchObject({ items: [{ id }], unreadable: 5, count: 6 });
  });

  it('7: takes a plain list for the one page there is', () => {
    expect(readPage([{ id: 1 }])).toEqual({
      items: [{ id: 1 }],
      unreadable: 0,
      count: undefined,
      next: undefined,
    });
  });

  it('8: reads a phone number as text or number, and writes it as text', () => {
    expect(read({ phoneNumber: 912345678 })?.phoneNumber).toBe('912345678');
    expect(read({ phoneNumber: '+886912345678' })?.phoneNumber).toBe('+886912345678');
    expect(writeUpdate(desired, '')['phoneNumber']).toBe('+886912345678');
  });

  it.each<[string, unknown, unknown]>([
    ['an object', { a: 1 }, { a: 1 }],
    ['a text that holds an object', '{"a":1}', { a: 1 }],
    ['a text that holds a list', '[1]', '[1]'],
    ['any other text', 'free text', 'free text'],
    ['null', null, undefined],
  ])('9: reads queryMetadata that is %s', (_, given, value) => {
    expect(read({ queryMetadata: given })?.queryMetadata ?? undefined).toEqual(value);
  });

  it('9: writes queryMetadata as an object', () => {
    expect(writeUpdate(desired, '')['queryMetadata']).toEqual(desired.queryMetadata);
  });

  it('10, 11: writes the snake_case keys and the text booleans of the API pages', () => {
    expect(JSON.stringify(writeUpdate(desired, ''))).toContain('"has_user_selected_all":"True"');
  });

  it.each<[string, unknown]>([
    ['a list', [{ key: 'department', value: 'Sales', updatedAt: '2026-01-01T00:00:00Z' }]],
    ['a map', { department: 'Sales' }],
  ])('12: reads metadata that is %s', (_, metadata) => {
    expect(read({ metadata })?.metadata).toEqual([{ key: 'department', value: 'Sales' }]);
  });

  it('12: reads metadata that is null or odd as far as it goes, and writes a list', () => {
    expect(read({ metadata: null })?.metadata).toEqual([]);
    expect(read({ metadata: 'text' })?.metadata).toEqual([]);
    expect(
      read({ metadata: [null, { value: 'x' }, { key: 'a', value: null }, { key: 'b', value: 7 }] })?.metadata,
    ).toEqual([
      { key: 'a', value: '' },
      { key: 'b', value: '7' },
    ]);
    expect(writeUpdate(desired, '')['metadata']).toEqual([{ key: 'department', value: 'Sales' }]);
  });

  it.each<[string, unknown, number | undefined]>([
    ['13 digits as text', '1767225600000', 1_767_225_600_000],
    ['13 digits as a number', 1_767_225_600_000, 1_767_225_600_000],
    ['10 digits', '1767225600', 1_767_225_600_000],
    ['ISO 8601', '2026-01-01T00:00:00Z', 1_767_225_600_000],
    ['ISO 8601 with a zone and a fraction', '2026-01-01T08:00:00.000000+08:00', 1_767_225_600_000],
    ['a date alone', '2026-01-01', undefined],
    ['12 digits', '176722560000', undefined],
    ['null', null, undefined],
    ['an object', {}, undefined],
  ])('13: reads a time that is %s', (_, given, atMs) => {
    expect(timeOf(given)).toBe(atMs);
  });

  it.each<unknown>(['secret', [{ key: 'secret' }], { key: 'secret' }, [], null])(
    '14: drops mcpCredentials that are %j',
    (mcpCredentials) => {
      const contact = read({ mcpCredentials, mcp_credentials: mcpCredentials });
      expect(JSON.stringify(contact)).not.toContain('secret');
      expect(contact).not.toHaveProperty('mcpCredentials');
    },
  );

  it.each<[unknown, string | undefined]>([
    ['', undefined],
    [null, undefined],
    ['/media/a.png', '/media/a.png'],
    ['https://corp.example/a.png', 'https://corp.example/a.png'],
  ])('15: reads the avatar %j', (avatar, value) => {
    expect(read({ avatar })?.avatar).toBe(value);
  });

  it.each<[string, object, string[] | undefined]>([
    ['a list of objects', { inboxes: [{ id: inbox, name: 'a' }, { id: otherInbox }] }, [inbox, otherInbox]],
    ['a list of ids', { inboxes: [inbox] }, [inbox]],
    ['the older object', { inbox: { id: inbox, name: 'a' } }, [inbox]],
    ['the oldest plain id', { inbox }, [inbox]],
    ['both, which say the same', { inboxes: [{ id: inbox }], inbox: { id: inbox } }, [inbox]],
    ['both, of which one is empty', { inboxes: [], inbox: { id: inbox } }, [inbox]],
    ['the older object beside null', { inboxes: null, inbox: { id: inbox } }, [inbox]],
    ['an empty list', { inboxes: [] }, []],
    ['ids in capital letters', { inboxes: [{ id: inbox.toUpperCase() }] }, [inbox]],
    ['nothing', {}, undefined],
    ['null', { inboxes: null, inbox: null }, undefined],
    ['a list with an inbox that cannot be read', { inboxes: [{ id: otherInbox }, { id: 7 }] }, undefined],
    ['a text that is no id', { inbox: 'Staff portal' }, undefined],
  ])('16: reads the inboxes from %s', (_, fields, ids) => {
    expect(read(fields)?.inboxIds).toEqual(ids);
  });

  it('16: writes inboxes, and only on a create', () => {
    expect(writeCreate(desired, 's', inbox)['inboxes']).toEqual([{ id: inbox }]);
    for (const name of ['inbox', 'inboxes', 'sourceId']) expect(writeUpdate(desired, '')).not.toHaveProperty(name);
  });

  it('17: always writes a name', () => {
    expect(writeCreate(desired, 's', inbox)['name']).toBe('Sample Member');
    expect(writeUpdate(desired, '')['name']).toBe('Sample Member');
  });

  it('18: writes every field that the bridge owns, so that PUT and PATCH mean the same', () => {
    const names = ['name', 'email', 'phoneNumber', 'avatar', 'queryMetadata', 'metadata'];
    expect(Object.keys(writeUpdate(desired, ''))).toEqual(names);
    expect(writeUpdate(desired, '')).toMatchObject({ email: '', avatar: '' });
    expect(writeUpdate(desired, null)).toMatchObject({ email: null, avatar: null, phoneNumber: '+886912345678' });
  });

  it('19: needs nothing but the id of a reply', () => {
    expect(readContact({ id })).toMatchObject({ id, sourceId: undefined, inboxIds: undefined, name: '' });
  });
});

describe('readContact', () => {
  it.each<unknown>([
    null,
    undefined,
    [],
    'text',
    7,
    {},
    { id: '' },
    { id: 7 },
    { id: 'no-uuid' },
    [{ id }],
    { detail: id },
  ])('reads no contact in %j', (body) => {
    expect(readContact(body)).toBeUndefined();
  });

  it('tells a sourceId that is null from one that is left out', () => {
    expect(read({})?.sourceId).toBeUndefined();
    expect(read({ sourceId: null })?.sourceId).toBeNull();
    expect(read({ sourceId: '' })?.sourceId).toBeNull();
    expect(read({ source_id: null })?.sourceId).toBeNull();
    expect(read({ sourceId: ' s ' })?.sourceId).toBe(' s ');
    expect(read({ sourceId: 42 })?.sourceId).toBe('42');
  });

  it('has ids in lower case, so that equal ids are equal texts', () => {
    expect(readContact({ id: id.toUpperCase() })?.id).toBe(id);
  });

  it('takes empty text for none', () => {
    expect(read({ email: '', phoneNumber: '' })).toMatchObject({ email: undefined, phoneNumber: undefined });
    expect(textOf('')).toBeUndefined();
  });
});

describe('readPage', () => {
  it.each<unknown>([
    null,
    undefined,
    'text',
    {},
    { results: [] },
    { count: 1 },
    { count: '1', results: [] },
    { count: 1.5, results: [] },
    { count: 1, results: {} },
    { count: 1, results: null },
    { count: 1, next: 'https://api.maiagent.ai/page2', results: [] },
  ])('reads no page in %j', (body) => {
    expect(readPage(body)).toBeUndefined();
  });

  it('adds up pages, and is complete only after the last', () => {
    const page = (count: number, next: URLSearchParams | undefined, ...ids: string[]) => ({
      items: ids.flatMap((one) => readContact({ id: one }) ?? []),
      unreadable: 1,
      count,
      next,
    });
    const first = page(2, new URLSearchParams('page=2'), id);
    expect(joined([])).toMatchObject({ isComplete: false });
    expect(joined([first])).toMatchObject({ count: 2, isComplete: false });
    expect(joined([first, page(3, undefined, otherInbox)])).toMatchObject({
      contacts: [{ id }, { id: otherInbox }],
      unreadable: 2,
      count: 3,
      isComplete: true,
    });
  });
});

describe('writeCreate', () => {
  it('leaves out what is empty', () => {
    expect(writeCreate(desired, 's', inbox)).toEqual({
      name: 'Sample Member',
      phoneNumber: '+886912345678',
      queryMetadata: desired.queryMetadata,
      metadata: desired.metadata,
      sourceId: 's',
      inboxes: [{ id: inbox }],
    });
  });
});
