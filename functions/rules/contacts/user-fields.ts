import { isSafeUrl } from '../safe-url.ts';
import type { FieldValue } from './told.ts';

/** A name at MaiAgent has 255 characters at most ("conversation.md", schema Contact). */
const NAME_LENGTH_MAX = 255;
const EMAIL_LENGTH_MAX = 254;
/** RFC 5321 §4.5.3.1.1, in octets. */
const LOCAL_PART_BYTES_MAX = 64;
const PHONE_LENGTH_MAX = 64;
/** 511 is MaiAgent's limit ("conversation.md", schema Contact). */
const AVATAR_LENGTH_MAX = 511;
const LIST_LENGTH_MAX = 500;
const ENTRY_LENGTH_MAX = 256;
const ATTRIBUTE_LENGTH_MAX = 2048;

/** A field as it was read, or what is wrong with it. */
export type Read<Value extends FieldValue> = { readonly value: Value } | { readonly problem: string };

const text = (value: string): Read<string> => ({ value });
const none = text('');
const notSingle = { problem: 'must be a single text or number' };

/** A single value as text, `''` for none; of a list of one its element, as some stores keep every value in a list. `undefined` for anything else. */
export function textOf(value: unknown): string | undefined {
  const one = single(value);
  return one === undefined ? undefined : String(one);
}

/** The same for what people read or what is a name: a truth value is neither. */
function wordOf(value: unknown): string | undefined {
  const one = single(value);
  return one === undefined || typeof one === 'boolean' ? undefined : String(one).trim();
}

function single(value: unknown): string | number | bigint | boolean | undefined {
  if (Array.isArray(value) || value instanceof Set) {
    const [only, ...others]: unknown[] = [...value];
    return others.length > 0 || Array.isArray(only) || only instanceof Set ? undefined : single(only);
  }
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean' ? value : undefined;
}

/** A name in one line, cut to what MaiAgent takes. One that nobody can see is none. */
export function readName(value: unknown): Read<string> {
  const written = wordOf(value);
  return written === undefined ? notSingle : text(tidyName(written));
}

/** Any white space becomes a space, half characters go. Cut before it is trimmed: MaiAgent trims too, and a last space would look like drift. */
export function tidyName(written: string): string {
  const line = written
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/\p{Cs}/gu, '')
    .trim();
  const cut = line
    .slice(0, NAME_LENGTH_MAX)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trimEnd();
  return VISIBLE.test(cut) ? cut : '';
}

/** Anything but spaces, controls, characters that Unicode says are not shown (the Hangul fillers too), and the empty Braille pattern. */
const VISIBLE = /[^\p{Default_Ignorable_Code_Point}\p{Z}\p{Cc}\p{Cf}\p{Cs}\u2800]/u;

/** An address as mail is really addressed: providers gave out what RFC 5321 forbids, and domains are in any script. MaiAgent may refuse it. */
export function readEmail(value: unknown): Read<string> {
  const written = wordOf(value);
  if (written === undefined) return notSingle;
  if (written === '') return none;
  return isMailAddress(written) ? text(written) : { problem: 'must be an e-mail address' };
}

function isMailAddress(written: string): boolean {
  if (written.length > EMAIL_LENGTH_MAX) return false;
  const at = written.lastIndexOf('@');
  const [local, domain] = [written.slice(0, at), written.slice(at + 1)];
  const isLocal = /^[^\p{C}\p{Z}@<>()[\]\\,;:"]+$/u.test(local) && Buffer.byteLength(local) <= LOCAL_PART_BYTES_MAX;
  return at > 0 && isLocal && isDomain(domain);
}

/** A domain of at least two labels, in any script: an address of the web has its spelling in ASCII (UTS #46). */
function isDomain(written: string): boolean {
  if (!/^[^\p{C}\p{Z}/?#@:%\\[\]]+$/u.test(written)) return false;
  const labels = (URL.parse(`http://${written}`)?.hostname ?? '').split('.');
  const isLabel = (label: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label);
  return labels.length > 1 && labels.every(isLabel) && !/^\d+$/.test(labels.at(-1) ?? '');
}

/** A phone number as it is written. */
export function readPhoneNumber(value: unknown): Read<string> {
  const written = wordOf(value);
  if (written === undefined) return notSingle;
  const isUsable = written.length <= PHONE_LENGTH_MAX && isOneLine(written);
  return isUsable ? text(written) : { problem: `must be one line of ${PHONE_LENGTH_MAX} characters at most` };
}

/** A picture's address. Only https: MaiAgent's console shows the picture to people. */
export function readAvatar(value: unknown): Read<string> {
  const written = wordOf(value);
  if (written === undefined) return notSingle;
  const isAddress = /^https:[^\p{C}\p{Z}]+$/iu.test(written) && isSafeUrl(written);
  const isUsable = written.length <= AVATAR_LENGTH_MAX && isAddress;
  return written === '' || isUsable
    ? text(written)
    : { problem: `must be an https address of ${AVATAR_LENGTH_MAX} characters at most, without a password` };
}

/** Roles or groups, sorted, each once. What is empty in the list is no name; one entry that cannot be read spoils the whole list. */
export function readNames(value: unknown): Read<readonly string[]> {
  const listed = Array.isArray(value) || value instanceof Set ? [...value] : [value];
  if (listed.length > LIST_LENGTH_MAX) return { problem: `must be ${LIST_LENGTH_MAX} entries at most` };
  const names = listed.map((one) => (Array.isArray(one) || one instanceof Set ? undefined : wordOf(one)));
  const isUsable = (name: string | undefined): name is string =>
    name !== undefined && name.length <= ENTRY_LENGTH_MAX && isOneLine(name);
  if (!names.every(isUsable)) return { problem: `must be a list of texts of ${ENTRY_LENGTH_MAX} characters at most` };
  return { value: [...new Set(names.filter((name) => name !== ''))].toSorted() };
}

/** One attribute. */
export function readAttribute(value: unknown): Read<string> {
  const written = textOf(value)?.trim();
  if (written === undefined) return notSingle;
  const isUsable = written.length <= ATTRIBUTE_LENGTH_MAX && isOneLine(written);
  return isUsable ? text(written) : { problem: `must be one line of ${ATTRIBUTE_LENGTH_MAX} characters at most` };
}

/** A name that an attribute can have. */
export const isAttributeName = (name: string): boolean =>
  name.length > 0 && name.length <= ENTRY_LENGTH_MAX && isOneLine(name);

const isOneLine = (written: string): boolean => written.isWellFormed() && !/\p{Cc}/u.test(written);
