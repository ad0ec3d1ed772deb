import { isDisplayField, nothing, type DesiredContact, type DisplayField } from '../contacts/desired.ts';
import type { Outcome } from './outcome.ts';

/**
 * The display fields that MaiAgent refused by name, and nothing else with them: then the contact can be sent again without them, so that
 * no unusable name or address keeps somebody's permissions from changing. `known` were left out already.
 */
export function refusedFields(outcome: Outcome<unknown>, known: readonly DisplayField[]): readonly DisplayField[] {
  if (outcome.kind !== 'refused' && outcome.kind !== 'duplicate') return [];
  const { status, fields } = outcome;
  const isAboutDisplay = status === 400 && fields.every(isDisplayField);
  return isAboutDisplay ? fields.filter(isDisplayField).filter((field) => !known.includes(field)) : [];
}

/** The contact as if the user had none of these fields. */
export const without = (contact: DesiredContact, fields: readonly DisplayField[] = []): DesiredContact => ({
  ...contact,
  ...Object.fromEntries(fields.map((field) => [field, nothing[field]])),
});
