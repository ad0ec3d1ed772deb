import type problems from './http/problems.json';

/** What the sender did wrong. Never retried. */
export type RefusalCode = keyof typeof problems.refusals;
/** What may work later: 502 needs the operator first, 503 needs only time. */
export type OutageCode = keyof typeof problems.outages;

/** One mistake in the input: where it is and what was expected there. Never the value itself. */
export interface Flaw {
  readonly path: string;
  readonly problem: string;
}

/** The sender's fault. It carries what the sender needs to correct it, and nothing that the sender did not send. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: RefusalCode;
  readonly flaws: readonly Flaw[];
  readonly retryAfterMs: number | undefined;

  constructor(code: RefusalCode, also: { flaws?: readonly Flaw[]; retryAfterMs?: number } = {}) {
    super(code);
    this.code = code;
    this.flaws = also.flaws ?? [];
    this.retryAfterMs = also.retryAfterMs;
  }
}

/** A failure now; the same request may work later. `setting` names what an operator should look at first. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly code: OutageCode;
  readonly retryAfterMs: number;
  readonly setting: string | undefined;
  /** What the answer carries beside the problem, for the caller to come back with. */
  readonly members: Readonly<Record<string, string>>;

  constructor(
    code: OutageCode,
    also: { retryAfterMs?: number; setting?: string; members?: Record<string, string> } = {},
  ) {
    super(code);
    this.code = code;
    this.retryAfterMs = also.retryAfterMs ?? 2_000;
    this.setting = also.setting;
    this.members = also.members ?? {};
  }

  /** The same failure, with more for the caller to come back with. */
  with(members: Record<string, string>): Unavailable {
    const { retryAfterMs, setting } = this;
    return new Unavailable(this.code, { retryAfterMs, members, ...(setting !== undefined && { setting }) });
  }
}
