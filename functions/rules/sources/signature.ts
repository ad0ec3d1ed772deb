import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { utf8Text } from './json.ts';
import { fingerprintOf } from './secret.ts';
import { REPLAY_MS_MAX, eventIdOf, type Delivery, type Proof } from './source-event.ts';

/** A rotation signs with two keys; the library would compare thousands. */
const SIGNATURES_MAX = 16;
const SIGNATURE_HEADER_LENGTH_MAX = 4_096;
const TEXT_LENGTH_MAX = 1_024;

/**
 * The signed id of a delivery by the Standard Webhooks protocol and the key that signed it, or `undefined` where nothing proves it. Svix sends the same under
 * names of its own. The library signs and we compare: its own check reads the clock itself, takes a timestamp with a tail of letters
 * and any number of signatures. It signs text alone, so a body that is not UTF-8 is not proven; JSON always is UTF-8 (RFC 8259 §8.1).
 */
export function signatureProof(keys: readonly Buffer[], { header, body, nowMs }: Delivery): Proof | undefined {
  const brand = header('webhook-signature') === undefined ? 'svix' : 'webhook';
  const id = eventIdOf(header(`${brand}-id`));
  const seconds = header(`${brand}-timestamp`) ?? '';
  const candidates = signaturesIn(header(`${brand}-signature`));
  const text = utf8Text(body);
  if (id === undefined || candidates.length === 0 || text === undefined) return undefined;
  if (!/^[1-9]\d{0,11}$/.test(seconds) || !isRecent(Number(seconds) * 1000, nowMs)) return undefined;
  const sentAt = new Date(Number(seconds) * 1000);
  const key = keys.find((one) => {
    const expected = new Webhook(one, { format: 'raw' }).sign(id, sentAt, text);
    return candidates.some((candidate) => isSameText(candidate, expected));
  });
  return key && { key: fingerprintOf(key), eventId: id };
}

/** The signatures of the one version that a shared secret makes; others are for other keys and are passed over, as the protocol says. */
function signaturesIn(header: string | undefined): string[] {
  if (header === undefined || header.length > SIGNATURE_HEADER_LENGTH_MAX) return [];
  const all = header.split(' ');
  return all.length > SIGNATURES_MAX ? [] : all.filter((one) => one.startsWith('v1,'));
}

/** True within the replay window, which has both its ends. */
export const isRecent = (atMs: number, nowMs: number): boolean => Math.abs(nowMs - atMs) <= REPLAY_MS_MAX;

/**
 * The proof where one of the keys made this lower-case hexadecimal HMAC-SHA256 of the parts. With node's own functions: for the one-line
 * schemes of Keycloak and WorkOS there is no small library, only their whole SDKs.
 */
export function hmacProof(
  keys: readonly Buffer[],
  hex: string,
  ...parts: readonly (string | Buffer)[]
): Proof | undefined {
  if (!/^[0-9a-f]{64}$/.test(hex)) return undefined;
  const given = Buffer.from(hex, 'hex');
  const key = keys.find((one) => {
    const mac = createHmac('sha256', one);
    for (const part of parts) mac.update(part);
    return timingSafeEqual(mac.digest(), given);
  });
  return key && { key: fingerprintOf(key) };
}

/** The proof where a header's text was made of one of the keys; hashed first, so that the time does not depend on lengths. */
export function textProof(
  keys: readonly Buffer[],
  given: string | undefined,
  written: (key: Buffer) => string | Buffer = (key) => key,
): Proof | undefined {
  if (given === undefined || given.length > TEXT_LENGTH_MAX) return undefined;
  const key = keys.find((one) => timingSafeEqual(digest(written(one)), digest(given)));
  return key && { key: fingerprintOf(key) };
}

const digest = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest();

function isSameText(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
