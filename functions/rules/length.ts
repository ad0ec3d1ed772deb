import * as z from 'zod/mini';

/*
 * Zod's own length checks run on whatever has a `length`, even where its type was refused already, and compare that with a number:
 * for `{"length": {"toString": null}}` the reader throws. These two look at texts and lists alone.
 */

export const minLength = (min: number) => onlyOfTextsAndLists(z.minLength(min));

export const maxLength = (max: number) => onlyOfTextsAndLists(z.maxLength(max));

function onlyOfTextsAndLists<Check extends ReturnType<typeof z.minLength | typeof z.maxLength>>(check: Check): Check {
  check._zod.def.when = ({ value }) => typeof value === 'string' || Array.isArray(value);
  return check;
}
