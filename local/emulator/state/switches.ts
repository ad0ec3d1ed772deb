import en from 'zod/v4/locales/en.js';
import * as z from 'zod/mini';

// zod/mini has no words of its own for what is wrong.
z.config(en());

type Literal = string | number | boolean;

/** One of these values; the first one where nothing is said. */
const oneOf = <const First extends Literal, const More extends Literal[]>(first: First, ...more: More) =>
  z._default(z.literal([first, ...more], `takes ${[first, ...more].join(', ')}`), first);

// An hour is longer than any test waits, and below the 24.8 days at which a timer overflows and fires at once.
const waitMs = z.int('takes milliseconds').check(z.gte(0), z.lte(3_600_000));

/** What the emulator does where MaiAgent's documents are silent or disagree, the default first. A bridge has to be right under all. */
const switchesSchema = z.strictObject({
  /** `racy`: two creates with one sourceId may both succeed; `atomic`: the second is refused; `none`: nothing is unique. */
  uniqueness: oneOf('racy', 'atomic', 'none'),
  /** How long a racy create waits between its check and its insert, in ms. */
  racyWaitMs: z._default(waitMs, 20),
  /** The case of the keys in replies; what is inside `queryMetadata` is left alone. */
  responseCase: oneOf('camel', 'snake'),
  /** The case of the keys in the reply of a broadcast, which the reference shows in snake_case. */
  broadcastCase: oneOf('snake', 'camel'),
  /** `nested`: the results of a page are an array in an array, as one published sample shows. */
  resultsShape: oneOf('flat', 'nested'),
  /** The form of `createdAt` and `updatedAt`. */
  timestamps: oneOf('epochMsString', 'iso'),
  /** The form of `metadata` in replies: the documents show both. */
  metadataOut: oneOf('array', 'object'),
  /** `camel`: keys inside `queryMetadata` come back in camelCase, as a renderer of the server might write them. */
  nestedKeys: oneOf('kept', 'camel'),
  /** Whether PUT keeps the fields that are left out, or empties them. */
  putSemantics: oneOf('merge', 'replace'),
  /** What happens to a path without its last slash. */
  noSlash: oneOf('serve', 'redirect301', '404'),
  /** Whether the sourceId of a deleted contact may be used again. */
  reuseSourceIdAfterDelete: oneOf(true, false),
  /** The status of a refused duplicate. */
  dupStatus: oneOf(400, 409, 500),
  /** What a create without a name gets: a refusal, or the name 匿名. */
  nameDefault: oneOf('error400', '匿名'),
  /** The largest page. */
  maxPageSize: z._default(z.union([z.int().check(z.gte(1)), z.literal('none')]), 100),
  /** The order of the contacts in a list, which no document names. */
  listOrder: oneOf('oldest', 'newest'),
  /** The reply to a create: the whole contact, the sparse one of the published sample, or nothing but the id. */
  echo: oneOf('full', 'sparse', 'id'),
  /** The reply to PUT and PATCH: the whole contact, a confirmation (the guide), or nothing. */
  updateReply: oneOf('full', 'message', 'empty'),
  /** The host in `next` and `previous`: the request's own, or the placeholder of the published sample. */
  nextHost: oneOf('request', 'placeholder'),
  /** How long a new contact stays invisible to the list, in ms. */
  searchDelayMs: z._default(waitMs, 0),
  /** The seed of the random numbers that decide faults with a probability. */
  seed: z._default(z.int().check(z.gte(0)), 1),
});
export type Switches = z.infer<typeof switchesSchema>;

/** The switches of an emulator that was told nothing. */
export const defaultSwitches: Readonly<Switches> = switchesSchema.parse({});

/** Sets the given switches, all or none. Returns what is wrong with them, or undefined when they were set. */
export function changeSwitches(switches: Switches, changes: unknown): string | undefined {
  const { data, error } = z.safeParse(z.looseObject({}), changes);
  const checked = z.safeParse(switchesSchema, { ...switches, ...data });
  if (error || !checked.success) return mistakeOf(error ?? checked.error);
  Object.assign(switches, checked.data);
  return undefined;
}

/** The first mistake, in one line with its place. */
export function mistakeOf(error: z.core.$ZodError | undefined): string {
  const [issue] = error?.issues ?? [];
  return [...(issue?.path ?? []), issue?.message ?? ''].join(' ');
}
