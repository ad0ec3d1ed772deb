import * as fc from 'fast-check';
import type { Change } from '../../../functions/rules/contacts/reports.ts';
import { noFields, type UserFields } from '../../../functions/rules/contacts/user-fields.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';

/** The fields of a sample member who differs by name and role alone. */
export const sampleFields = (name: string, roles: string[] = []): UserFields => ({ ...noFields, name, roles });

/** Any change of one source, with few versions and few values, so that ties and repeats are common. */
export function anyChange(source: string): fc.Arbitrary<Change> {
  return fc
    .record({
      kind: fc.constantFrom('create', 'update', 'disable', 'enable', 'delete'),
      at: fc.integer({ min: 1, max: 6 }),
      name: fc.constantFrom('a', 'b', 'c'),
      status: fc.constantFrom('active', 'disabled', undefined),
    })
    .map(({ kind, at, name, status }): Change => {
      const isWhole = kind === 'create' || kind === 'update';
      return {
        source,
        kind,
        version: timeVersion(at),
        ...(isWhole && { fields: sampleFields(name) }),
        ...(isWhole && status && { status }),
      };
    });
}
