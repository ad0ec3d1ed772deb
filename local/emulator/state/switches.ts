/**
 * What the emulator does where MaiAgent's documents are silent or disagree. The first value of each list is the default.
 * A bridge has to be right under every one of them, because nobody outside MaiAgent knows which one is true.
 */
export interface Switches {
  /** `racy`: two creates with one sourceId may both succeed; `atomic`: the second is refused; `none`: nothing is unique. */
  uniqueness: 'racy' | 'atomic' | 'none';
  /** How long a racy create waits between its check and its insert, in ms. */
  racyWaitMs: number;
  /** The case of the keys in replies; what is inside `queryMetadata` is left alone. */
  responseCase: 'camel' | 'snake';
  /** The case of the keys in the reply of a broadcast, which the reference shows in snake_case. */
  broadcastCase: 'snake' | 'camel';
  /** `nested`: the results of a page are an array in an array, as one published sample shows. */
  resultsShape: 'flat' | 'nested';
  /** The form of `createdAt` and `updatedAt`. */
  timestamps: 'epochMsString' | 'iso';
  /** The form of `metadata` in replies: the documents show both. */
  metadataOut: 'array' | 'object';
  /** `camel`: keys inside `queryMetadata` come back in camelCase, as a renderer of the server might write them. */
  nestedKeys: 'kept' | 'camel';
  /** Whether PUT keeps the fields that are left out, or empties them. */
  putSemantics: 'merge' | 'replace';
  /** What happens to a path without its last slash. */
  noSlash: 'serve' | 'redirect301' | '404';
  /** Whether the sourceId of a deleted contact may be used again. */
  reuseSourceIdAfterDelete: boolean;
  /** The status of a refused duplicate. */
  dupStatus: 400 | 409 | 500;
  /** What a create without a name gets: a refusal, or the name 匿名. */
  nameDefault: 'error400' | '匿名';
  /** The largest page. */
  maxPageSize: number | 'none';
  /** The order of the contacts in a list, which no document names. */
  listOrder: 'oldest' | 'newest';
  /** The reply to a create: the whole contact, the sparse one of the published sample, or nothing but the id. */
  echo: 'full' | 'sparse' | 'id';
  /** The reply to PUT and PATCH: the whole contact, a confirmation (the guide), or nothing. */
  updateReply: 'full' | 'message' | 'empty';
  /** The host in `next` and `previous`: the request's own, or the placeholder of the published sample. */
  nextHost: 'request' | 'placeholder';
  /** How long a new contact stays invisible to the list, in ms. */
  searchDelayMs: number;
  /** The seed of the random numbers that decide faults with a probability. */
  seed: number;
  /** Where the assistant's replies are announced; empty for nowhere. */
  replyWebhookUrl: string;
  /** How often one announcement is tried until it is answered with 200. */
  replyWebhookTries: number;
  /** The pause before the second try, in ms; it doubles each time. */
  replyWebhookDelayMs: number;
}

/** The switches of an emulator that was told nothing. */
export const defaultSwitches: Readonly<Switches> = {
  uniqueness: 'racy',
  racyWaitMs: 20,
  responseCase: 'camel',
  broadcastCase: 'snake',
  resultsShape: 'flat',
  timestamps: 'epochMsString',
  metadataOut: 'array',
  nestedKeys: 'kept',
  putSemantics: 'merge',
  noSlash: 'serve',
  reuseSourceIdAfterDelete: true,
  dupStatus: 400,
  nameDefault: 'error400',
  maxPageSize: 100,
  listOrder: 'oldest',
  echo: 'full',
  updateReply: 'full',
  nextHost: 'request',
  searchDelayMs: 0,
  seed: 1,
  replyWebhookUrl: '',
  replyWebhookTries: 3,
  replyWebhookDelayMs: 200,
};

/** What each switch accepts: its values, or a test with the words that describe it. */
export const switchValues: Record<keyof Switches, readonly unknown[] | Acceptable> = {
  uniqueness: ['racy', 'atomic', 'none'],
  racyWaitMs: milliseconds(),
  responseCase: ['camel', 'snake'],
  broadcastCase: ['snake', 'camel'],
  resultsShape: ['flat', 'nested'],
  timestamps: ['epochMsString', 'iso'],
  metadataOut: ['array', 'object'],
  nestedKeys: ['kept', 'camel'],
  putSemantics: ['merge', 'replace'],
  noSlash: ['serve', 'redirect301', '404'],
  reuseSourceIdAfterDelete: [true, false],
  dupStatus: [400, 409, 500],
  nameDefault: ['error400', '匿名'],
  maxPageSize: { words: "a whole number from 1, or 'none'", test: (value) => value === 'none' || isWhole(value, 1) },
  listOrder: ['oldest', 'newest'],
  echo: ['full', 'sparse', 'id'],
  updateReply: ['full', 'message', 'empty'],
  nextHost: ['request', 'placeholder'],
  searchDelayMs: milliseconds(),
  seed: { words: 'a whole number', test: (value) => isWhole(value, 0) },
  replyWebhookUrl: { words: 'a URL, or empty', test: (value) => typeof value === 'string' && isUrlOrEmpty(value) },
  replyWebhookTries: {
    words: 'a whole number from 1 to 10',
    test: (value) => isWhole(value, 1) && Number(value) <= 10,
  },
  replyWebhookDelayMs: milliseconds(),
};

interface Acceptable {
  words: string;
  test: (value: unknown) => boolean;
}

/**
 * Sets the given switches, all or none. Returns what is wrong with them, or undefined when they were set.
 */
export function changeSwitches(switches: Switches, changes: Record<string, unknown>): string | undefined {
  for (const [name, value] of Object.entries(changes)) {
    if (!isSwitch(name)) return `there is no switch ${name}; there are ${Object.keys(switchValues).join(', ')}`;
    if (!accepts(switchValues[name], value)) return `${name} takes ${describeValues(name)}`;
  }
  Object.assign(switches, changes);
  return undefined;
}

/** The values of one switch in words, for a help text or a refusal. */
export function describeValues(name: keyof Switches): string {
  const accepted = switchValues[name];
  return 'words' in accepted ? accepted.words : accepted.map(String).join(', ');
}

function isSwitch(name: string): name is keyof Switches {
  return Object.hasOwn(switchValues, name);
}

function accepts(accepted: readonly unknown[] | Acceptable, value: unknown): boolean {
  return 'test' in accepted ? accepted.test(value) : accepted.includes(value);
}

// An hour is longer than any test waits, and below the 24.8 days at which a timer overflows and fires at once.
function milliseconds(): Acceptable {
  return {
    words: 'milliseconds from 0 to 3600000',
    test: (value) => isWhole(value, 0) && Number(value) <= 3_600_000,
  };
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least;
}

function isUrlOrEmpty(value: string): boolean {
  return value === '' || (/^https?:/.test(value) && URL.canParse(value));
}
