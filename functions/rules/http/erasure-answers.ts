import * as z from 'zod/mini';

const id = z.guid();
const count = z.int();
const instant = z.iso.datetime();
const maybe = z.nullable;

/** What was erased of a person, what is outstanding, and what is left until when. */
export const erasureAnswer = z.object({
  userId: z.string(),
  state: z.enum(['outstanding', 'done']),
  since: instant,
  doneAt: maybe(instant),
  outstanding: z.array(z.enum(['contacts', 'records'])),
  contacts: z.array(
    z.object({
      /** Of those that MaiAgent will not delete, so that people find them in its console. */
      contactId: maybe(id),
      how: z.enum(['deleted', 'gone', 'anonymised']),
      at: instant,
      /** The first ones; `conversationsInAll` says how many there were. */
      conversations: z.array(id),
      conversationsInAll: count,
      keepsSourceId: z.boolean(),
    }),
  ),
  left: z.array(
    z.object({
      where: z.enum([
        'tombstone',
        'event_receipts',
        'directory',
        'maiagent',
        'quarantine',
        'readings',
        'bucket',
        'event_queues',
        'messages',
        'point_in_time_copies',
        'logs',
      ]),
      /** Null where no time ends it, or none is known yet. */
      until: maybe(instant),
      what: z.string(),
    }),
  ),
});
export type ErasureAnswer = z.infer<typeof erasureAnswer>;
export const rotatedAnswer = z.object({ outcome: z.literal('rotated'), generation: count });
