import * as z from 'zod/mini';
import { operationNames, type OperationName } from './operations.ts';
import { mistakeOf } from './switches.ts';

/** What can go wrong. "After commit" means: the effect happens, and only its answer is lost. */
const faultKinds = [
  'latency',
  '401',
  '403',
  '429',
  '429-retry-after',
  '500',
  '502-html',
  'redirect',
  'reset-before',
  'timeout-before',
  'reset-after-commit',
  'timeout-after-commit',
  '500-after-commit',
  'truncated-json',
  'cut-body',
  'half-broadcast',
  'false-reply',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Whose contact a false reply shows, and which `sourceId`; `ours` is the one that the request has, or its contact. */
const falseReplyFields = {
  shows: z.optional(z.enum(['another', 'deleted', 'own'])),
  sourceId: z.optional(z.enum(['null', 'absent', 'theirs', 'ours'])),
  /** False where nothing is created or changed. */
  effect: z.optional(z.boolean()),
};

// An hour: no test waits longer, and a timer overflows at 24.8 days.
const waitMs = z.int().check(z.gte(0), z.lte(3_600_000));
const count = z.int().check(z.gte(0));
const repliesWithContact: readonly string[] = ['create', 'retrieve', 'put', 'patch'] satisfies OperationName[];

/** One rule. The first rule that matches a request is applied to it and used up; the others wait. */
const ruleSchema = z
  .strictObject({
    /** The operation that it befalls. */
    on: z.enum(['any', ...operationNames]),
    kind: z.enum(faultKinds),
    /** How many requests it befalls: 1 unless said otherwise, `always` where a probability is given. */
    times: z.optional(z.union([z.int().check(z.gte(1)), z.literal('always')])),
    /** How many matching requests pass unharmed first. */
    after: z.optional(count),
    /** The chance that a matching request is befallen, from 0 to 1, drawn from the seeded generator. */
    probability: z.optional(z.number().check(z.gte(0), z.lte(1))),
    /** A wait before anything else, in ms. The kind `latency` is this wait alone (200 unless said otherwise). */
    ms: z.optional(waitMs),
    /** The `Retry-After` of `429-retry-after`, in seconds: 1 unless said otherwise. */
    retryAfterS: z.optional(count),
    /** Only for the kinds that end in `-after-commit`: the effect happens so many ms after the connection is gone, or the answer is out. */
    delayedCommitMs: z.optional(waitMs),
    /** Only for `false-reply`. */
    ...falseReplyFields,
  })
  .check(
    z.refine(({ kind, delayedCommitMs }) => delayedCommitMs === undefined || kind.endsWith('-after-commit'), {
      error: 'delayedCommitMs goes with the kinds that end in -after-commit',
    }),
    z.refine(
      (rule) => rule.kind === 'false-reply' || (rule.shows ?? rule.sourceId ?? rule.effect) === undefined,
      'shows, sourceId and effect go with the kind false-reply',
    ),
    z.refine(
      ({ kind, on }) => kind !== 'false-reply' || repliesWithContact.includes(on),
      `false-reply goes with ${repliesWithContact.join(', ')}`,
    ),
    z.refine(
      ({ shows, on, effect }) => !(shows === 'own' && on === 'create' && effect === false),
      'shows own needs a contact of its own',
    ),
  );
export type FaultRule = z.infer<typeof ruleSchema>;

interface Pending {
  rule: FaultRule;
  timesLeft: number | 'always';
  afterLeft: number;
}

/** The rules that are still to befall somebody, in order. */
export class Faults {
  #pending: Pending[] = [];
  readonly #seed: () => number;
  #seededWith: number | undefined;
  #state = 0;

  /** The seed is asked for at each draw: a changed seed starts the sequence anew. */
  constructor(seed: () => number) {
    this.#seed = seed;
  }

  /** Appends rules. Throws a `TypeError` that says what is wrong with the first bad one, and then appends none. */
  add(...rules: FaultRule[]): void {
    const { data, error } = z.safeParse(z.array(ruleSchema), rules);
    if (!data) throw new TypeError(mistakeOf(error));
    for (const rule of data) {
      const timesLeft = rule.times ?? (rule.probability === undefined ? 1 : 'always');
      this.#pending.push({ rule, timesLeft, afterLeft: rule.after ?? 0 });
    }
  }

  /** Drops every rule and starts the random sequence anew. */
  clear(): void {
    this.#pending = [];
    this.#seededWith = undefined;
  }

  /** The rules that are left, with what is left of their counters. */
  get rules(): FaultRule[] {
    return this.#pending.map(({ rule, timesLeft, afterLeft }) => ({ ...rule, times: timesLeft, after: afterLeft }));
  }

  /** The fault that befalls a request of this operation, or undefined; it is used up by asking. */
  take(operation: OperationName): FaultRule | undefined {
    const due = this.#pending.find((pending) => matches(pending.rule, operation) && this.#strikes(pending));
    if (due === undefined) return undefined;
    if (due.timesLeft !== 'always') due.timesLeft -= 1;
    if (due.timesLeft === 0) this.#pending = this.#pending.filter((pending) => pending !== due);
    return due.rule;
  }

  #strikes(pending: Pending): boolean {
    if (pending.afterLeft > 0) {
      pending.afterLeft -= 1;
      return false;
    }
    return pending.rule.probability === undefined || this.#random() < pending.rule.probability;
  }

  // A linear congruential generator over 32 bits (constants of Numerical Recipes): even enough for dice, and it repeats.
  #random(): number {
    const seed = this.#seed();
    if (this.#seededWith !== seed) {
      this.#seededWith = seed;
      this.#state = seed >>> 0;
    }
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }
}

function matches(rule: FaultRule, operation: OperationName): boolean {
  if (rule.kind === 'half-broadcast' && operation !== 'broadcast') return false;
  return rule.on === 'any' || rule.on === operation;
}
