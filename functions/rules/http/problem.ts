import { outages, refusals, Refused, Unavailable, type Flaw, type OutageCode, type RefusalCode } from '../failure.ts';

/** RFC 9457 problem details, with a stable `code` to switch on. It never holds a cause, a stack or a value that was sent. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: RefusalCode | OutageCode | 'internal_error';
  readonly requestId: string;
  readonly errors?: readonly Flaw[];
}

const titles: Record<Problem['code'], string> = {
  body_invalid: 'The request is not what this route takes; errors says where.',
  version_in_future: 'The version is a time in the future, and would block every later change.',
  version_outdated: 'This back end has said something newer of this user; nothing was deleted.',
  version_kind_changed:
    'This back end has given versions of the other kind for this user: it keeps to times or to sequence numbers.',
  user_id_invalid: 'A userId has 1 to 256 characters and no control characters.',
  id_mismatch:
    'The header User-Id must name the user of the path, percent-encoded: the gateway may have cut the path. Of an id that no path can carry, the path has - in its place.',
  visitor_token_invalid: 'The visitor token is not valid; leave it out to become a new visitor.',
  signature_invalid: 'The signature is missing, wrong or too old.',
  event_conflicting: 'An event with this id was accepted before, with another body.',
  broadcast_conflicting: 'A broadcast with this Idempotency-Key was accepted before, with another body.',
  broadcast_over: 'This broadcast is over: there is nothing left to change or to cancel.',
  broadcast_running: 'A run of this broadcast is under way, and sends what it began with.',
  audience_changed: 'The audience is no longer the one of the preview; look at it again.',
  token_without_user: 'No verified token says who this is.',
  client_not_allowed: 'The token was not issued to a client that may use this route.',
  scope_missing:
    'The token does not grant the scope that this needs; whoever singles people out needs contacts.read as well.',
  user_disabled: 'This user is disabled.',
  user_deleted: 'This user was deleted.',
  visitor_promoted: 'This visitor has signed in since; leave the token out to become a new visitor.',
  not_found: 'There is nothing at this address.',
  method_not_allowed: 'This address takes another method.',
  body_too_large: 'The body is larger than 256 KiB.',
  user_too_large: 'All sources together say more of this user than can be kept.',
  content_type_unsupported: 'The content type must be application/json, not compressed.',
  visitor_budget_spent: 'Too many new visitors this hour.',
  maiagent_refused_key: 'MaiAgent does not accept the API key of this deployment.',
  maiagent_refused_contact: 'MaiAgent does not accept the contact as this deployment sends it.',
  contact_conflict: 'MaiAgent says that the contact is there already, but does not show it.',
  maiagent_busy: 'MaiAgent asks for a pause.',
  maiagent_unreachable: 'MaiAgent cannot be reached.',
  maiagent_unclear: 'MaiAgent gave no usable answer.',
  permissions_unconfirmed: "MaiAgent has not yet confirmed the contact's permissions.",
  permissions_unread: 'Something of the user has changed in their store, which has not been read since.',
  contended: 'Too many changes at the same moment.',
  settings_outdated:
    'This function still has the settings of an earlier deployment. Ask again: the next answer has the new ones.',
  store_unreachable: 'The database or another part of AWS cannot be reached or is too busy.',
  source_keys_unreachable: "The source's public keys cannot be had now.",
  internal_error: 'Something went wrong here.',
};

/** What a code means, in words; `undefined` for one that is no failure of a request. */
export const titleOf = (code: string): string | undefined => new Map<string, string>(Object.entries(titles)).get(code);

/** A failure as the caller may know it. Anything that is not `Refused` or `Unavailable` is a bug and says nothing. */
export function problemOf(failure: unknown, requestId: string): { problem: Problem; retryAfterMs: number | undefined } {
  if (failure instanceof Refused) {
    const errors = failure.flaws.length > 0 ? { errors: failure.flaws } : {};
    return {
      problem: { ...document(failure.code, refusals[failure.code], requestId), ...errors },
      retryAfterMs: failure.retryAfterMs,
    };
  }
  if (failure instanceof Unavailable) {
    const problem = { ...document(failure.code, outages[failure.code], requestId), ...failure.members };
    return { problem, retryAfterMs: failure.retryAfterMs };
  }
  return { problem: document('internal_error', 500, requestId), retryAfterMs: undefined };
}

const document = (code: Problem['code'], status: number, requestId: string): Problem => ({
  type: `urn:contact-bridge:problem:${code}`,
  title: titles[code],
  status,
  code,
  requestId,
});
