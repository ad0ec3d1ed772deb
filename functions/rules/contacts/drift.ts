import { canonicalJson, hashOf } from '../canonical.ts';
import type { Contact } from '../maiagent/contact-search.ts';
import { snakeCase } from '../maiagent/snake-case.ts';
import type { DesiredContact } from './desired.ts';

/** In what somebody edited a contact at MaiAgent. Spellings do not count: phone digits, case of known keys, booleans as text, a stored picture. */
export function differingFields(contact: Contact, desired: DesiredContact): (keyof DesiredContact)[] {
  const differs: Readonly<Record<keyof DesiredContact, boolean>> = {
    name: contact.name !== desired.name,
    email: (contact.email ?? '') !== desired.email,
    phoneNumber: digits(contact.phoneNumber ?? '') !== digits(desired.phoneNumber),
    avatar: (contact.avatar === undefined) !== (desired.avatar === ''),
    queryMetadata: permissionsHash(contact.queryMetadata) !== permissionsHash(desired.queryMetadata),
    metadata: metadataText(contact.metadata) !== metadataText(desired.metadata),
  };
  return (Object.keys(differs) as (keyof DesiredContact)[]).filter((field) => differs[field]);
}

const digits = (text: string): string => text.replaceAll(/\D/g, '').replace(/^0+/, '');

/** Keys in snake_case and booleans as text, as the bridge sends them (MaiAgent contradicts itself in both). */
export const permissionsHash = (value: unknown): string => hashOf(asSent(value));

function asSent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asSent);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snakeCase(key), asSent(inner)]));
}

/** Pairs by key: MaiAgent keeps a time beside each, and may keep them as a map. */
const metadataText = (pairs: Contact['metadata'] | DesiredContact['metadata']): string =>
  canonicalJson(Object.fromEntries(pairs.map(({ key, value }) => [key, value])));
