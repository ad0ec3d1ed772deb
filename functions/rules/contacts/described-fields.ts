import * as z from 'zod/mini';

/**
 * The members of a body that carry a user's fields, as they are described to people and tools. Nothing is refused here: what cannot be
 * used is judged by `readFields`, which takes more spellings than are worth describing, such as a list of one.
 */
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
