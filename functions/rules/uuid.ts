import * as z from 'zod/mini';

/** A UUID in whatever letters, as a part of a pattern. */
export const UUID = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';

/** A UUID of any version, read into lower case, so that equal ids are equal texts. */
export const uuidSchema = z.guid('must be a UUID').check(z.toLowerCase());

/** The UUID in a value that anybody may have sent, or `undefined`. */
export const uuidOf = (value: unknown): string | undefined => uuidSchema.safeParse(value).data;
