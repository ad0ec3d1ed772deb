import en from 'zod/v4/locales/en.js';
import * as z from 'zod/mini';
import { TemplateError } from './intrinsics.ts';
import type { Resource } from './template.ts';

// zod/mini has no words of its own for what is wrong.
z.config(en());

/**
 * The properties of a type: those that the runner acts on, and the names of those of which it knows that they change nothing that can be
 * seen on one machine (IAM, encryption, backups, tags). Any other one is refused: a template that means more than what runs here must not
 * look tried.
 */
export function properties<Acts extends z.core.$ZodLooseShape>(acts: Acts, ...inert: readonly string[]) {
  const ignored: object = Object.fromEntries(inert.map((name) => [name, z.optional(z.unknown())]));
  return z.strictObject({ ...ignored, ...acts });
}

/** The properties of a resource. Throws `TemplateError` where they are others than the runner knows. */
export function read<Schema extends z.ZodMiniType>(
  schema: Schema,
  { logicalId, properties: given }: Pick<Resource, 'logicalId' | 'properties'>,
): z.infer<Schema> {
  const parsed = z.safeParse(schema, given);
  if (!parsed.success) throw new TemplateError(`${logicalId}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
