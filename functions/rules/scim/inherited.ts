/** What every object has without being given it, in lower case, as names are compared. */
const INHERITED = new Set(
  [...Object.getOwnPropertyNames(Object.prototype), 'prototype'].map((one) => one.toLowerCase()),
);

/**
 * Whether this is the name of something that all objects of the process share. The library writes into objects by the names that it reads (scimmy
 * 1.3.5, `Filter.#objectify`, `Schema`), so that one request with such a name would change every later one, of other directories too.
 */
export const isInherited = (name: string): boolean => INHERITED.has(name.toLowerCase());
