import * as fc from 'fast-check';
import { type FieldPaths, plainPaths, readFields } from '../../../functions/rules/contacts/read-fields.ts';
import type { Change } from '../../../functions/rules/contacts/reports.ts';
import type { Told } from '../../../functions/rules/contacts/told.ts';
import { tied, timeVersion } from '../../../functions/rules/contacts/version.ts';

export interface SampleFields {
  readonly name?: string;
  readonly email?: string;
  readonly phoneNumber?: string;
  readonly avatar?: string;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
}

/** What a whole update tells that has these fields and no others. */
export const wholeUser = (fields: SampleFields, paths: FieldPaths = plainPaths): Told => readFields(fields, paths).told;

/** A whole user without anything. */
export const emptyUser = wholeUser({});

/** A sample member who differs by name and role alone. */
export const sampleFields = (name: string, roles: string[] = []): Told => wholeUser({ name, roles });

/** Any change of one source, whole or a part, with few versions and few values, so that ties and repeats are common. */
export function anyChange(source: string): fc.Arbitrary<Change> {
  return fc
    .record({
      kind: fc.constantFrom('create', 'update', 'disable', 'enable', 'delete'),
      at: fc.integer({ min: 1, max: 6 }),
      tie: fc.constantFrom(undefined, 1, 2),
      name: fc.constantFrom('a', 'b', 'c'),
      office: fc.constantFrom('', '!', 'x', undefined),
      isPart: fc.boolean(),
      status: fc.constantFrom('active', 'disabled', undefined),
    })
    .map(({ kind, at, tie, name, office, isPart, status }): Change => {
      const hasFields = kind === 'create' || kind === 'update';
      const fields = { name, ...(office !== undefined && { attributes: { office } }) };
      const part = { name, ...(office !== undefined && { '@office': office }) };
      return {
        source,
        kind,
        version: tied(timeVersion(at), tie === undefined ? undefined : timeVersion(tie)),
        ...(hasFields && { told: kind === 'update' && isPart ? part : wholeUser(fields) }),
        ...(hasFields && status && { status }),
      };
    });
}
