import { Unavailable } from '../rules/failure.ts';

/**
 * Whether something that we need is down, full or out of reach, so that the same work may succeed later. The SDK marks what AWS answered
 * with `$metadata`, and Node what the network did with a code. AWS's `ValidationException` is no outage: what was sent can never be taken.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof Unavailable) return true;
  if (!(error instanceof Error) || error.name === 'ValidationException') return false;
  return '$metadata' in error || 'code' in error || error.name === 'TimeoutError' || error.name === 'AbortError';
}
