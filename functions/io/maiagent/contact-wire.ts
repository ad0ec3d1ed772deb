import type { Contact } from '../../rules/maiagent/contact-search.ts';
import { attempted } from '../../rules/attempted.ts';
import { depthOf } from '../../rules/depth.ts';
import { REPLY_DEPTH_MAX } from '../../rules/maiagent/outcome.ts';
import { snakeCase } from '../../rules/maiagent/snake-case.ts';
import { uuidOf } from '../../rules/uuid.ts';
import { instantMs } from '../../rules/contacts/version.ts';
import type { DesiredContact } from '../../rules/contacts/desired.ts';

/**
 * MaiAgent's wire format, read as tolerantly as its documents contradict each other (camelCase or snake_case, numbers as texts,
 * lists in lists, metadata as list or map) and written in the one form that all of them allow.
 */

type Fields = Record<string, unknown>;

/** A JSON object, or `undefined` for anything else. */
export function objectOf(value: unknown): Fields | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A field of the envelope, in camelCase or else in snake_case. Keys inside `metadata` and `queryMetadata` are never renamed. */
export function field(fields: Fields, name: string): unknown {
  return fields[name] ?? fields[snakeCase(name)];
}

/** Text as it stands, a number as its digits, anything else as `undefined`; empty text is "none". */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) || undefined : undefined;
}

/** An instant in any of the forms that the documents show: 13 digits are ms, 10 digits are seconds, else ISO 8601. */
export function timeOf(value: unknown): number | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  if (/^\d{13}$/.test(text)) return Number(text);
  return /^\d{10}$/.test(text) ? Number(text) * 1000 : instantMs(text);
}

/** The contact in a reply, without `mcpCredentials`, which may hold other systems' secrets; `undefined` where there is no id. */
export function readContact(body: unknown): Contact | undefined {
  const fields = objectOf(body);
  const id = uuidOf(fields?.['id']);
  if (!fields || !id) return undefined;
  const sourceId = 'sourceId' in fields ? fields['sourceId'] : fields['source_id'];
  return {
    id,
    sourceId: sourceId === undefined ? undefined : (textOf(sourceId) ?? null),
    inboxIds: inboxIdsOf(fields),
    name: textOf(fields['name']) ?? '',
    email: textOf(fields['email']),
    phoneNumber: textOf(field(fields, 'phoneNumber')),
    avatar: textOf(fields['avatar']),
    queryMetadata: readQueryMetadata(field(fields, 'queryMetadata')),
    metadata: readMetadata(fields['metadata']),
    createdAtMs: timeOf(field(fields, 'createdAt')),
  };
}

/**
 * `inboxes` as a list of objects, and the older `inbox` as an object or a bare id, in one list. `undefined` where there is neither
 * or one of them cannot be read: then nobody can say that the contact is not in a certain inbox.
 */
function inboxIdsOf({ inboxes, inbox }: Fields): string[] | undefined {
  const listed: unknown[] = [inboxes ?? [], inbox ?? []].flat();
  const ids = listed.map((one) => uuidOf(objectOf(one)?.['id']) ?? uuidOf(one));
  const isKnown = (inboxes ?? inbox ?? undefined) !== undefined;
  return isKnown && ids.every((id) => id !== undefined) ? [...new Set(ids)] : undefined;
}

/** An object, or a text that holds one; any other text stays as it is and so differs from every wanted value. */
function readQueryMetadata(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const held = attempted((): unknown => JSON.parse(value));
  return depthOf(held, REPLY_DEPTH_MAX) <= REPLY_DEPTH_MAX ? (objectOf(held) ?? value) : value;
}

/** A list of `{key, value}` or a map, as one list. */
function readMetadata(value: unknown): { key: string; value: string }[] {
  const pairs = Array.isArray(value)
    ? value.map(objectOf).map((one) => [textOf(one?.['key']), textOf(one?.['value'])] as const)
    : Object.entries(objectOf(value) ?? {}).map(([key, one]) => [key, textOf(one)] as const);
  return pairs.flatMap(([key, one]) => (key === undefined ? [] : [{ key, value: one ?? '' }]));
}

/** The body of an update: every field that the bridge owns, cleared ones too, and no inbox, which others may manage. */
export function writeUpdate(contact: DesiredContact, nothing: '' | null): Fields {
  const { name, queryMetadata, metadata } = contact;
  const orNothing = (text: string): string | null => text || nothing;
  return {
    name,
    email: orNothing(contact.email),
    phoneNumber: orNothing(contact.phoneNumber),
    avatar: orNothing(contact.avatar),
    queryMetadata,
    metadata,
  };
}

/** The body of a create. What is empty is left out: the documents do not say whether a create takes empty values. */
export function writeCreate(contact: DesiredContact, sourceId: string, inboxId: string): Fields {
  const filled = Object.fromEntries(Object.entries(contact).filter(([, value]) => value !== ''));
  return { ...filled, sourceId, inboxes: [{ id: inboxId }] };
}
