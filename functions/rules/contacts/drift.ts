import { canonicalJson } from '../canonical.ts';
import type { Contact } from '../maiagent/contact-search.ts';
import { snakeCase } from '../maiagent/snake-case.ts';
import type { DesiredContact } from './desired.ts';

/**
 * True if a contact differs from what was confirmed, because somebody edited it at MaiAgent. Differences in spelling that MaiAgent
 * may introduce itself do not count: phone digits, the case of known keys, booleans as text, a picture stored elsewhere.
 */
export function hasDrifted(contact: Contact, desired: DesiredContact): boolean {
  return (
    contact.name !== desired.name ||
    (contact.email ?? '') !== desired.email ||
    digits(contact.phoneNumber ?? '') !== digits(desired.phoneNumber) ||
    (contact.avatar === undefined) !== (desired.avatar === '') ||
    permissionsText(contact.queryMetadata) !== permissionsText(desired.queryMetadata) ||
    metadataText(contact.metadata) !== metadataText(desired.metadata)
  );
}

const digits = (text: string): string => text.replaceAll(/\D/g, '').replace(/^0+/, '');

/** Keys in snake_case and booleans as text, as the bridge sends them (MaiAgent contradicts itself in both). */
function permissionsText(value: unknown): string {
  return canonicalJson(asSent(value));
}

function asSent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asSent);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snakeCase(key), asSent(inner)]));
}

/** Pairs by key: MaiAgent keeps a time beside each, and may keep them as a map. */
const metadataText = (pairs: Contact['metadata'] | DesiredContact['metadata']): string =>
  canonicalJson(Object.fromEntries(pairs.map(({ key, value }) => [key, value])));
