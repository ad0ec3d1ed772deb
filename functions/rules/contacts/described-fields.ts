import * as z from 'zod/mini';

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

/** Where a sender that is free to choose has each field: under its own name, and attributes in an object of theirs. */
export const plainPaths = {
  name: ['name'],
  email: 'email',
  phoneNumber: 'phoneNumber',
  avatar: 'avatar',
  roles: 'roles',
  groups: 'groups',
  attributes: 'all',
} as const;

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
