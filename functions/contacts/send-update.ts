import type { ContactApi, UntilMs } from '../io/maiagent/contact-api.ts';
import type { DesiredContact, DisplayField } from '../rules/contacts/desired.ts';
import { refusedFields, without } from '../rules/maiagent/refused-fields.ts';
import type { Outcome } from '../rules/maiagent/outcome.ts';

/** Sends every field but the display fields that MaiAgent refuses by name: a name must not keep permissions from changing. */
export async function sendUpdate(
  contactId: string,
  desired: DesiredContact,
  until: UntilMs,
  contacts: ContactApi,
): Promise<{ readonly updated: Outcome<'updated'>; readonly refused: readonly DisplayField[] }> {
  const refused: DisplayField[] = [];
  for (;;) {
    const updated = await contacts.update(contactId, without(desired, refused), until);
    const more = refusedFields(updated, refused);
    if (more.length === 0) return { updated, refused };
    refused.push(...more);
  }
}
