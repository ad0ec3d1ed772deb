import { Unavailable } from '../failure.ts';
import type { Failure } from './outcome.ts';

/**
 * A failure of MaiAgent in the words of our callers, and for the operator the setting to look at first. By status alone: the
 * texts may be localised. The field names of a 400 only choose the hint. `held`: it names contacts that other links hold.
 */
export function outageOf(failure: Failure | 'held' | undefined): Unavailable {
  if (failure === 'held') return new Unavailable('contact_conflict', { retryAfterMs: 60_000 });
  if (failure === undefined || failure.kind === 'unknown') return new Unavailable('maiagent_unclear');
  const { status, retryAfterMs, fields } = failure;
  switch (status) {
    case undefined:
      return new Unavailable('maiagent_unreachable', { retryAfterMs: 5_000, setting: 'maiAgent.baseUrl' });
    case 401:
    case 403:
      return new Unavailable('maiagent_refused_key', { retryAfterMs: 60_000, setting: 'the MaiAgent API key secret' });
    case 404:
      return new Unavailable('maiagent_refused_contact', { retryAfterMs: 60_000, setting: 'maiAgent.apiPrefix' });
    case 429:
      return new Unavailable('maiagent_busy', { retryAfterMs: retryAfterMs ?? 5_000 });
    default:
      return failure.kind === 'duplicate' && fields.every((name) => OF_A_DUPLICATE.has(name))
        ? new Unavailable('contact_conflict', { retryAfterMs: 60_000 })
        : new Unavailable('maiagent_refused_contact', { retryAfterMs: 60_000, setting: settingFor(fields) });
  }
}

/** Where a complaint may stand that the contact is there already. */
const OF_A_DUPLICATE = new Set(['sourceId', 'nonFieldErrors', 'detail']);

function settingFor(fields: readonly string[]): string {
  if (fields.includes('inboxes') || fields.includes('inbox')) return 'maiAgent.inboxId';
  return fields.length > 0 ? `the contact's ${fields.join(', ')}` : 'maiAgent.inboxId and the permission rules';
}
