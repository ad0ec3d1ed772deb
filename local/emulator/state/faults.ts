import { operationNames, type OperationName } from './operations.ts';

/** What can go wrong. "After commit" means: the effect happens, and only its answer is lost. */
export const faultKinds = [
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

/** One rule. The first rule that matches a request is applied to it and used up; the others wait. */
export interface FaultRule {
  /** The operation that it befalls. */
  on: OperationName | 'any';
  kind: FaultKind;
  /** How many requests it befalls: 1 unless said otherwise, `always` where a probability is given. */
  times?: number | 'always';
  /** How many matching requests pass unharmed first. */
  after?: number;
  /** The chance that a matching request is befallen, from 0 to 1, drawn from the seeded generator. */
  probability?: number;
  /** A wait before anything else, in ms. The kind `latency` is this wait alone (200 unless said otherwise). */
  ms?: number;
  /** The `Retry-After` of `429-retry-after`, in seconds: 1 unless said otherwise. */
  retryAfterS?: number;
  /** Only for the kinds that end in `-after-commit`: the effect happens so many ms after the connection is gone, or the answer is out. */
  delayedCommitMs?: number;
  /** Only for `false-reply`: whose contact the reply shows, `another` one unless said otherwise. */
  shows?: (typeof shownContacts)[number];
  /** Only for `false-reply`: the `sourceId` in the reply, `null` unless said otherwise; `ours` is the one that the request has, or its contact. */
  sourceId?: (typeof shownSourceIds)[number];
  /** Only for `false-reply`: false where nothing is created or changed. */
  effect?: boolean;
}

/** Whose contact a false reply shows. */
export const shownContacts = ['another', 'deleted', 'own'] as const;
/** Which `sourceId` a false reply shows. */
export const shownSourceIds = ['null', 'absent', 'theirs', 'ours'] as const;

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
    for (const rule of rules) {
      const problem = problemOf(rule);
      if (problem !== undefined) throw new TypeError(problem);
    }
    for (const rule of rules) {
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

const ofFalseReplies = ['shows', 'sourceId', 'effect'] as const;
const ofEvery = ['on', 'kind', 'times', 'after', 'probability', 'ms', 'retryAfterS', 'delayedCommitMs'];
const fields = new Set<string>([...ofEvery, ...ofFalseReplies]);
const repliesWithContact = new Set<FaultRule['on']>(['create', 'retrieve', 'put', 'patch']);
// An hour: no test waits longer, and a timer overflows at 24.8 days.
const waitMaxMs = 3_600_000;

function problemOf(rule: FaultRule): string | undefined {
  const unknown = Object.keys(rule).find((field) => !fields.has(field));
  if (unknown !== undefined) return `a fault rule has no field ${unknown}`;
  if (rule.on !== 'any' && !operationNames.includes(rule.on)) return `on takes any, ${operationNames.join(', ')}`;
  if (!faultKinds.includes(rule.kind)) return `kind takes ${faultKinds.join(', ')}`;
  if (rule.times !== 'always' && !isWhole(rule.times, 1)) return "times takes a whole number from 1, or 'always'";
  if (!isWhole(rule.after, 0)) return 'after takes a whole number from 0';
  if (!isWhole(rule.ms, 0, waitMaxMs)) return `ms takes a whole number from 0 to ${waitMaxMs}`;
  if (!isWhole(rule.retryAfterS, 0)) return 'retryAfterS takes a whole number from 0';
  if (!isWhole(rule.delayedCommitMs, 0, waitMaxMs))
    return `delayedCommitMs takes a whole number from 0 to ${waitMaxMs}`;
  if (rule.delayedCommitMs !== undefined && !rule.kind.endsWith('-after-commit')) {
    return 'delayedCommitMs goes with the kinds that end in -after-commit';
  }
  const field = ofFalseReplies.find((one) => rule[one] !== undefined);
  if (field !== undefined && rule.kind !== 'false-reply') return `${field} goes with the kind false-reply`;
  if (rule.shows !== undefined && !shownContacts.includes(rule.shows)) return `shows takes ${shownContacts.join(', ')}`;
  if (rule.sourceId !== undefined && !shownSourceIds.includes(rule.sourceId))
    return `sourceId takes ${shownSourceIds.join(', ')}`;
  if (rule.shows === 'own' && rule.on === 'create' && rule.effect === false)
    return 'shows own needs a contact of its own';
  if (rule.effect !== undefined && typeof rule.effect !== 'boolean') return 'effect takes true or false';
  if (rule.kind === 'false-reply' && !repliesWithContact.has(rule.on))
    return `false-reply goes with ${[...repliesWithContact].join(', ')}`;
  if (rule.probability !== undefined && !(rule.probability >= 0 && rule.probability <= 1)) {
    return 'probability takes a number from 0 to 1';
  }
  return undefined;
}

function isWhole(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return value === undefined || (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most);
}
