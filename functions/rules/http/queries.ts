import * as z from 'zod/mini';
import { maxLength } from '../length.ts';

export const conversationsQuery = z.strictObject({
  page: z.optional(z.string().check(z.regex(/^[1-9]\d{0,5}$/))),
  keyword: z.optional(z.string().check(maxLength(256))),
});

export const broadcastsQuery = z.strictObject({
  from: z.optional(z.string().check(z.regex(/^\d{1,15}\.[\da-f-]{36}$/))),
});

export const recipientsQuery = z.strictObject({
  run: z.optional(z.iso.datetime()),
  from: z.optional(z.string().check(z.regex(/^batch#\d{7}$/))),
});
