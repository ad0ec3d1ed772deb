import * as z from 'zod/mini';
import { genericEventSchema } from './generic.ts';

/** The JSON Schema of the generic source's body, as it is published in `docs/webhooks/generic.schema.json`. */
export function genericJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(genericEventSchema, { io: 'input' }),
    title: 'An event of the generic source of contact-bridge',
  };
}
