/** What the sender did wrong, and the HTTP status that says so. Never retried. */
export const refusals = {
  body_invalid: 400,
  version_in_future: 400,
  user_id_invalid: 400,
  id_mismatch: 400,
  visitor_token_invalid: 401,
  signature_invalid: 401,
  token_without_user: 403,
  client_not_allowed: 403,
  scope_missing: 403,
  user_disabled: 403,
  user_deleted: 403,
  visitor_promoted: 403,
  not_found: 404,
  method_not_allowed: 405,
  version_outdated: 409,
  version_kind_changed: 409,
  event_conflicting: 409,
  broadcast_conflicting: 409,
  broadcast_over: 409,
  broadcast_running: 409,
  audience_changed: 409,
  body_too_large: 413,
  user_too_large: 413,
  content_type_unsupported: 415,
  visitor_budget_spent: 429,
} as const;
export type RefusalCode = keyof typeof refusals;

/** What may work later, and the HTTP status that says so: 502 needs the operator first, 503 needs only time. */
export const outages = {
  maiagent_refused_key: 502,
  maiagent_refused_contact: 502,
  contact_conflict: 502,
  maiagent_busy: 503,
  maiagent_unreachable: 503,
  maiagent_unclear: 503,
  permissions_unconfirmed: 503,
  permissions_unread: 503,
  contended: 503,
  store_unreachable: 503,
  settings_outdated: 503,
  source_keys_unreachable: 503,
} as const;
export type OutageCode = keyof typeof outages;

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
