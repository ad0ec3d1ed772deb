/** By code: the HTTP status, and what the answer says in words. */
type Failures = Readonly<Record<string, readonly [status: number, title: string]>>;

/** What the sender did wrong. Never retried. */
export const refusals = {
  body_invalid: [400, 'The request is not what this route takes; errors says where.'],
  version_in_future: [400, 'The version is a time in the future, and would block every later change.'],
  user_id_invalid: [400, 'A userId has 1 to 256 characters and no control characters.'],
  id_mismatch: [
    400,
    'The header User-Id must name the user of the path, percent-encoded: the gateway may have cut the path. Of an id that no path can carry, the path has - in its place.',
  ],
  visitor_token_invalid: [401, 'The visitor token is not valid; leave it out to become a new visitor.'],
  signature_invalid: [401, 'The signature is missing, wrong or too old.'],
  token_without_user: [403, 'No verified token says who this is.'],
  client_not_allowed: [403, 'The token was not issued to a client that may use this route.'],
  scope_missing: [
    403,
    'The token does not grant the scope that this needs; whoever singles people out needs contacts.read as well.',
  ],
  user_disabled: [403, 'This user is disabled.'],
  user_deleted: [403, 'This user was deleted.'],
  visitor_promoted: [403, 'This visitor has signed in since; leave the token out to become a new visitor.'],
  not_found: [404, 'There is nothing at this address.'],
  method_not_allowed: [405, 'This address takes another method.'],
  version_outdated: [
    409,
    'This back end has said something newer of this user, who stays; what belonged to a life before that is erased.',
  ],
  version_kind_changed: [
    409,
    'This back end has given versions of the other kind for this user: it keeps to times or to sequence numbers.',
  ],
  event_conflicting: [409, 'An event with this id was accepted before, with another body.'],
  broadcast_conflicting: [409, 'A broadcast with this Idempotency-Key was accepted before, with another body.'],
  broadcast_over: [409, 'This broadcast is over: there is nothing left to change or to cancel.'],
  broadcast_running: [409, 'A run of this broadcast is under way, and sends what it began with.'],
  audience_changed: [409, 'The audience is no longer the one of the preview; look at it again.'],
  body_too_large: [413, 'The body is larger than 256 KiB.'],
  user_too_large: [413, 'All sources together say more of this user than can be kept.'],
  content_type_unsupported: [415, 'The content type must be application/json, not compressed.'],
  visitor_budget_spent: [429, 'Too many new visitors this hour.'],
} as const satisfies Failures;
export type RefusalCode = keyof typeof refusals;

/** What may work later: 502 needs the operator first, 503 needs only time. */
export const outages = {
  maiagent_refused_key: [502, 'MaiAgent does not accept the API key of this deployment.'],
  maiagent_refused_contact: [502, 'MaiAgent does not accept the contact as this deployment sends it.'],
  contact_conflict: [502, 'MaiAgent says that the contact is there already, but does not show it.'],
  maiagent_busy: [503, 'MaiAgent asks for a pause.'],
  maiagent_unreachable: [503, 'MaiAgent cannot be reached.'],
  maiagent_unclear: [503, 'MaiAgent gave no usable answer.'],
  permissions_unconfirmed: [503, "MaiAgent has not yet confirmed the contact's permissions."],
  permissions_unread: [503, 'Something of the user has changed in their store, which has not been read since.'],
  contended: [503, 'Too many changes at the same moment.'],
  store_unreachable: [503, 'The database or another part of AWS cannot be reached or is too busy.'],
  settings_outdated: [
    503,
    'This function still has the settings of an earlier deployment. Ask again: the next answer has the new ones.',
  ],
  source_keys_unreachable: [503, "The source's public keys cannot be had now."],
} as const satisfies Failures;
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
