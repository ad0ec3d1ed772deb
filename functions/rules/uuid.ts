import * as z from 'zod/mini';

/** A UUID of any version, read into lower case, so that equal ids are equal texts. */
export const uuidSchema = z.guid('must be a UUID').check(z.toLowerCase());

/** The UUID in a value that anybody may have sent, or `undefined`. */
export const uuidOf = (value: unknown): string | undefined => uuidSchema.safeParse(value).data;
