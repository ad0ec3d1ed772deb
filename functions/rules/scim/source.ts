import * as z from 'zod/mini';
import { guardedPath, mappingSchema, sourceName, vendorPaths } from '../sources/mapping.ts';

/**
 * A directory that provisions by SCIM 2.0 (RFC 7643, 7644), such as Entra ID or Okta. Paths start at the user's resource, in which
 * `displayName` is never empty, `email` and `phoneNumber` are the primary ones, and `roles` and `groups` are lists of names.
 */
export const scimSourceSchema = z.strictObject({
  kind: z.literal('scim'),
  name: sourceName,
  /** The path of what the tokens carry as the user's id. */
  userId: guardedPath('externalId'),
  /** By what of a group the permission rules know it. */
  groupNames: z._default(z.enum(['displayName', 'externalId', 'id']), 'displayName'),
  fields: mappingSchema(vendorPaths.scim),
});
export type ScimSource = z.infer<typeof scimSourceSchema>;
