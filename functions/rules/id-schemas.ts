import * as z from 'zod/mini';
import { isWellWritten, USER_ID_LENGTH_MAX } from './contacts/subject.ts';
import { maxLength, minLength } from './length.ts';

/** A UUID of any version, read into lower case, so that equal ids are equal texts. */
export const uuidSchema = z.guid('must be a UUID').check(z.toLowerCase());

/** A user's id, see `isUserId`. */
export const userIdSchema = z
  .string()
  .check(
    minLength(1),
    maxLength(USER_ID_LENGTH_MAX),
    z.refine(isWellWritten, 'must be well-formed text without control characters'),
  );
