import * as z from 'zod/mini';
import { isSafeUrl } from '../safe-url.ts';
import { maxLength, minLength } from '../length.ts';

/** The most that one source may say of one user, in bytes of JSON: a link keeps every source's word, see `isTooLarge`. */
const FIELDS_BYTES_MAX = 65_536;
const isShort = (fields: object): boolean => Buffer.byteLength(JSON.stringify(fields)) <= FIELDS_BYTES_MAX;

const isOneLine = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text);
const line = (max: number) =>
  z.string().check(z.trim(), maxLength(max), z.refine(isOneLine, 'must be one line of text'));
const filled = (max: number) => line(max).check(minLength(1));

const name = line(1024);
const phoneNumber = line(64);
const email = z.union([z.literal(''), z.email().check(maxLength(254))]);
/** 511 is MaiAgent's limit ("conversation.md", schema Contact). Only https: MaiAgent's console shows the picture to people. */
const avatar = z.union([
  z.literal(''),
  z.url({ protocol: /^https$/, abort: true }).check(maxLength(511), z.refine(isSafeUrl)),
]);
const names = z.array(filled(256)).check(maxLength(500));
const attributes = z.record(filled(256), line(2048));

/** Everything that a source knows of a user. Each source says the whole of it every time: what is absent is empty. */
export const userFieldsSchema = z
  .strictObject({
    name: z._default(name, ''),
    email: z._default(email, ''),
    phoneNumber: z._default(phoneNumber, ''),
    avatar: z._default(avatar, ''),
    roles: z._default(names, []),
    groups: z._default(names, []),
    attributes: z._default(attributes, {}),
  })
  .check(z.refine(isShort, 'is too long as a whole: 64 KiB at most'));
export type UserFields = z.infer<typeof userFieldsSchema>;

export const noFields: UserFields = {
  name: '',
  email: '',
  phoneNumber: '',
  avatar: '',
  roles: [],
  groups: [],
  attributes: {},
};

/**
 * The fields that can be used of what a token claims. A sign-in must not fail because of a mistyped e-mail address, so what does
 * not fit is left empty. Roles, groups and attributes stand or fall together: one of them may be what keeps a wider rule away.
 */
export function usableFields(claimed: Record<keyof UserFields, unknown>): UserFields {
  const standing = standingSchema.safeParse({
    roles: listed(claimed.roles),
    groups: listed(claimed.groups),
    attributes: claimed.attributes ?? {},
  });
  const fields: UserFields = {
    name: usable(name, claimed.name),
    email: usable(email, claimed.email),
    phoneNumber: usable(phoneNumber, claimed.phoneNumber),
    avatar: usable(avatar, claimed.avatar),
    ...(standing.success ? standing.data : { roles: [], groups: [], attributes: {} }),
  };
  return isShort(fields) ? fields : noFields;
}

const standingSchema = z.strictObject({ roles: names, groups: names, attributes });

function usable(schema: z.ZodMiniType<string>, claimed: unknown): string {
  const read = schema.safeParse(claimed);
  return read.success ? read.data : '';
}

/** A claim with one name may be a bare text instead of a list; one that is absent is an empty list. */
const listed = (claimed: unknown): unknown => (typeof claimed === 'string' ? [claimed] : (claimed ?? []));
