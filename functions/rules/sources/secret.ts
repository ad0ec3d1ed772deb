import { createHash } from 'node:crypto';

/** Fewer bytes than an HMAC-SHA256 key should have (RFC 2104 §3): a person chose it, or it was cut short. */
const KEY_BYTES_MIN = 32;
/** Standard Webhooks names 64 as the most, bearer tokens may be longer. More than this is a paste of something else. */
const KEY_BYTES_MAX = 512;
/** The user store makes it and nobody can lengthen it: Svix, which sends for Clerk, recommends 24 bytes. */
export const VENDOR_KEY_BYTES_MIN = 24;
/** A rotation needs two; each further one costs an HMAC over the whole body on every forged request. */
const SECRETS_MAX = 8;
/** Random bytes of these lengths repeat themselves, but never that much: even as hexadecimal text a key has more kinds of signs. */
const DISTINCT_MIN = 6;

/** Words of templates, among them the bridge's own `replace-…`; too long to turn up in random text. */
const template =
  /place[-_ ]?holder|change[-_ ]?me|replace|example|password|your[-_ ](webhook|signing|secret|shared|key|token)|x{8}|123456789|^<[a-z _-]+>$/i;

/** Keys printed in public documentation: whoever pasted one shares it with everybody. */
const published = new Set(['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']);

/**
 * The keys in secrets of the form `whsec_<base64>` (Standard Webhooks), the prefix optional. A secret that is too short, not base64 or
 * a placeholder is no key at all: with it nothing is ever proven.
 */
export function signingKeys(secrets: readonly string[], bytesMin = KEY_BYTES_MIN): Buffer[] {
  return secrets.slice(0, SECRETS_MAX).flatMap((secret) => {
    // Consoles show the secret with the version of the signature before it: standard-webhooks issue 235.
    const text = secret
      .trim()
      .replace(/^v1,/, '')
      .replace(/^whsec_/, '');
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || published.has(text) || template.test(text)) return [];
    const key = Buffer.from(text, 'base64');
    return key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '') && isStrong(key, bytesMin)
      ? [key]
      : [];
  });
}

/** The keys in secrets that are used as they are written, under the same conditions. */
export function textKeys(secrets: readonly string[], bytesMin = KEY_BYTES_MIN): Buffer[] {
  return secrets.slice(0, SECRETS_MAX).flatMap((secret) => {
    const text = secret.trim();
    const key = Buffer.from(text, 'utf8');
    return !template.test(text) && isStrong(key, bytesMin) ? [key] : [];
  });
}

/** Tells two keys apart and says nothing of either, because a key that may prove anything is too long to be guessed. */
export const fingerprintOf = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 16);

function isStrong(key: Buffer, bytesMin: number): boolean {
  const text = key.toString('latin1');
  const isLong = key.length >= bytesMin && key.length <= KEY_BYTES_MAX;
  const isVaried = new Set(key).size >= DISTINCT_MIN && !/^(.{1,16})\1+$/s.test(text);
  return isLong && isVaried && !template.test(text);
}
