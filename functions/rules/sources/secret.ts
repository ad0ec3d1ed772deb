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

/** Keys printed in the documentation of Standard Webhooks, Svix and workos-node: whoever pasted one shares it with everybody. */
const published = new Set([
  'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw/Je4ZJEGP1QFb',
  'C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  '5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH',
  'plJ3nmyCDGBKInavdOK15jsl',
  '0FWAiVGkEfGBqqsJH4aNAGBJ4',
]);

/** What people hash when a secret has to look random; the empty text is what a variable that is not set holds. */
const words: readonly string[] = (
  '|password|Password1|password123|passw0rd|secret|mysecret|supersecret|topsecret|changeme|admin|administrator|root|user|guest|default|' +
  'test|testing|hello|hello world|welcome|foo|bar|foobar|abc|abc123|qwerty|letmein|iloveyou|dragon|monkey|sunshine|master|' +
  '0|1|123|1234|12345|123456|1234567|12345678|123456789|1234567890|null|undefined|webhook|webhooks|token|key|api|apikey|' +
  'clerk|auth0|workos|keycloak|svix|maiagent|contact-bridge|dev|development|local|localhost|staging|prod|production'
).split('|');

/**
 * The hashes of these words, as bytes and as the texts that tools print, each with and without a line end after the word. They are made
 * when the first secret is judged: a tenth of a cold start, which most callers never need.
 */
let guessable: ReadonlySet<string> | undefined;
const hashesOfWords = (): ReadonlySet<string> =>
  new Set(
    ['md5', 'sha1', 'sha256', 'sha384', 'sha512'].flatMap((algorithm) =>
      words.flatMap((word) =>
        [word, `${word}\n`].flatMap((text) => {
          const digest = createHash(algorithm).update(text).digest();
          const encodings = ['latin1', 'hex', 'base64', 'base64url'] as const;
          return encodings.map((encoding) => digest.toString(encoding));
        }),
      ),
    ),
  );

/** The keys in secrets `whsec_<base64>` (Standard Webhooks), prefix optional. What is short, not base64 or a placeholder is no key. */
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
    const isPublished = published.has(text.replace(/^whsec_/, ''));
    return !isPublished && !template.test(text) && isStrong(key, bytesMin) ? [key] : [];
  });
}

/** Tells two keys apart and says nothing of either, because a key that may prove anything is too long to be guessed. */
export const fingerprintOf = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 16);

function isStrong(key: Buffer, bytesMin: number): boolean {
  const text = key.toString('latin1');
  const isLong = key.length >= bytesMin && key.length <= KEY_BYTES_MAX;
  const isVaried = new Set(key).size >= DISTINCT_MIN && !/^(.{1,16})\1+$/s.test(text);
  guessable ??= hashesOfWords();
  const isGuessable = guessable.has(text) || guessable.has(text.toLowerCase()) || isSequence(key);
  return isLong && isVaried && !isGuessable && !template.test(text);
}

/** Mostly one step from sign to sign, as in an alphabet or in the keys of test vectors (RFC 4231 §4): no random key has as many. */
function isSequence(key: Buffer): boolean {
  const steps = new Map<number, number>();
  for (let at = 1; at < key.length; at += 1) {
    const step = (key[at] ?? 0) - (key[at - 1] ?? 0);
    steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  return Math.max(0, ...steps.values()) * 2 > key.length;
}
