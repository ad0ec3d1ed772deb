import type { ContactFields, Inbox, MetadataItem } from '../state/rows.ts';
import { isObject } from '../exchange.ts';

/** What is wrong with a body: for each field the texts of its refusals. */
export type FieldErrors = Record<string, string[]>;

/** A field that is wrong is an `Invalid`, anything else is its value. */
class Invalid {
  readonly texts: string[];
  constructor(...texts: string[]) {
    this.texts = texts;
  }
}

type Reader<Value> = (value: unknown, inboxes: readonly Inbox[]) => Value | Invalid;

const readers: { [Field in keyof ContactFields]: Reader<ContactFields[Field]> } = {
  inboxes: readInboxes,
  name: (value) => readText(value, { max: 255, blank: false }),
  avatar: (value) => (value === null ? null : readText(value, { max: 511, blank: true })),
  phoneNumber: (value) => (typeof value === 'number' || value === null ? value : readText(value, { blank: true })),
  email: readEmail,
  // Kept to the letter, for it is somebody else's key; an empty one names nobody.
  sourceId: (value) => (value === null || value === '' ? null : readText(value, { blank: true, trim: false })),
  queryMetadata: (value) => value,
  metadata: readMetadata,
};

/** Reads the writable fields of a body in camelCase; others are ignored. `inbox`, an object or an id, counts only without `inboxes`. */
export function readContactFields(
  body: Record<string, unknown>,
  inboxes: readonly Inbox[],
): { fields: Partial<ContactFields>; errors: FieldErrors } {
  const errors: FieldErrors = {};
  const fields: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(withInboxes(body))) {
    if (!Object.hasOwn(readers, field)) continue;
    const read = readers[field as keyof ContactFields](value, inboxes);
    if (read instanceof Invalid) errors[field] = read.texts;
    else fields[field] = read;
  }
  return { fields, errors };
}

function withInboxes(body: Record<string, unknown>): Record<string, unknown> {
  if (body['inboxes'] !== undefined || body['inbox'] === undefined) return body;
  const { inbox } = body;
  return { ...body, inboxes: [isObject(inbox) ? inbox : { id: inbox }] };
}

function readInboxes(value: unknown, inboxes: readonly Inbox[]): string[] | Invalid {
  if (!Array.isArray(value)) return new Invalid('Expected a list of items.');
  if (value.length === 0) return new Invalid('This list may not be empty.');
  const ids = value.map((item: unknown) => (isObject(item) ? String(item['id']).toLowerCase() : ''));
  const unknown = ids.find((id) => !inboxes.some((inbox) => inbox.id.toLowerCase() === id));
  return unknown === undefined ? [...new Set(ids)] : new Invalid(`Inbox "${unknown}" does not exist.`);
}

interface TextRule {
  blank: boolean;
  max?: number;
  trim?: boolean;
}

function readText(value: unknown, { blank, max = Infinity, trim = true }: TextRule): string | Invalid {
  if (value === null) return new Invalid('This field may not be null.');
  if (typeof value !== 'string' && typeof value !== 'number') return new Invalid('Not a valid string.');
  const text = trim ? String(value).trim() : String(value);
  if (text === '' && !blank) return new Invalid('This field may not be blank.');
  // Counted in code points, as Django and its database do: a character outside the basic plane is one, not two.
  return Array.from(text).length > max ? new Invalid(`Ensure this field has no more than ${max} characters.`) : text;
}

function readEmail(value: unknown): string | null | Invalid {
  if (value === null) return null;
  const text = readText(value, { blank: true });
  if (text instanceof Invalid || text === '') return text;
  return /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(text) ? text : new Invalid('Enter a valid email address.');
}

function readMetadata(value: unknown): MetadataItem[] | Invalid {
  if (value === null) return [];
  if (!Array.isArray(value)) return new Invalid('Expected a list of items.');
  const items = value.map(readItem);
  return items.includes(undefined)
    ? new Invalid('Each item needs a key and a value, both strings.')
    : items.filter((item) => item !== undefined);
}

function readItem(item: unknown): MetadataItem | undefined {
  if (!isObject(item)) return undefined;
  const { key, value } = item;
  if (typeof key !== 'string' || typeof value !== 'string') return undefined;
  const given = item['updatedAt'] ?? item['updated_at'];
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return { key, value, updatedAt: typeof given === 'string' ? given : now };
}
