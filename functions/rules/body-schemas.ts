import * as z from 'zod/mini';
import { maxLength } from './length.ts';

/** A body's members with a user's fields, as described to people. `readFields` judges, and takes more spellings than are worth describing. */
export const describedFields = {
  name: described({ type: ['string', 'number', 'null'], description: 'Cut to 255 characters.' }),
  email: described({ type: ['string', 'null'], description: 'At most 254 characters.' }),
  phoneNumber: described({ type: ['string', 'number', 'null'], maxLength: 64 }),
  avatar: described({ type: ['string', 'null'], maxLength: 511, format: 'uri', pattern: '^https:' }),
  roles: described(listOfNames()),
  groups: described(listOfNames()),
  attributes: described({
    type: ['object', 'null'],
    additionalProperties: { type: ['string', 'number', 'boolean', 'null'], maxLength: 2048 },
  }),
};

function listOfNames() {
  return {
    type: ['array', 'string', 'null'],
    maxItems: 500,
    items: { type: ['string', 'number', 'null'], maxLength: 256 },
  };
}

function described(schema: Readonly<Record<string, unknown>>) {
  return z.optional(z.unknown().check(z.meta(schema)));
}

/** A sequence (an integer, or its digits as text, below 9 × 10^18) or an ISO 8601 instant; a back end keeps to one of them. */
const version = z.nullish(z.union([z.number(), z.string().check(maxLength(64))]));

/** The body of `PUT /v1/users/{userId}`: the whole user, as the back end knows it. `null` is the same as absent, everywhere. */
export const userBodySchema = z.strictObject({
  ...describedFields,
  /** Without it the time of the request stands in. */
  version,
  status: z.nullish(z.enum(['active', 'disabled'])),
  /** True to say that the user was created anew: the one thing that brings a deleted user back. */
  create: z.nullish(z.boolean()),
});

/** The body of `DELETE /v1/users/{userId}`, which may be empty. */
export const deletionBodySchema = z.strictObject({
  version,
  /** True to keep a user deleted who was never seen here, so that later reports and sign-ins find a tombstone. */
  tombstone: z.nullish(z.boolean()),
});

/** The body of `POST /v1/users/{userId}/rotate`: the generation that has leaked, as `GET` shows it, so that a repetition changes nothing. */
export const rotationBodySchema = z.strictObject({ generation: z.int().check(z.gte(1)) });

/** The body of `POST /v1/identity` and `POST /v1/visitors`: the token by which this browser was a visitor, where it has one. */
export const visitorBodySchema = z.strictObject({ visitorToken: z.nullish(z.string().check(maxLength(2048))) });
