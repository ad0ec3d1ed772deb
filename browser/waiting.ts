import { ofDocument, onWindow } from './page.ts';

/** The first wait where the API names none, and the longest one: an outage costs a page one request a minute. */
const backoffFirstMs = 1000;
const backoffMaxMs = 60_000;

/** No wait is shorter, so that an answer of `Retry-After: 0` cannot make a loop without pauses. */
const waitMinMs = 300;

/**
 * How long to wait before the next try, in ms: what the API asked for, else exponential from 1 s to 60 s. Up to half as much
 * is added by chance, so that pages which were told the same do not return together.
 */
export function waitMs(tries: number, retryAfterMs = Math.min(backoffMaxMs, backoffFirstMs * 2 ** tries)): number {
  return Math.max(waitMinMs, retryAfterMs) * (1 + Math.random() / 2);
}

/** Resolves after `ms`, or at once when `signal` is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal?.addEventListener('abort', resolve);
  });
}

/**
 * Resolves while the page can be seen: a page that is hidden, or rendered ahead and perhaps never looked at, asks for nothing. In a task of its
 * own, because on a slow device the script's own run and the first request would be one task that can be felt.
 */
export function visible(): Promise<unknown> {
  return new Promise((resolve) => (ofDocument('hidden') ? onWindow(resolve, 'visibilitychange') : setTimeout(resolve)));
}

/** Resolves once the page's `load` event is over, its handlers included. */
export function pageLoaded(): Promise<unknown> {
  return new Promise((resolve) =>
    // `complete` is said just before the event is sent; a task queued now runs after both.
    ofDocument('readyState') === 'complete' ? setTimeout(resolve) : onWindow(() => setTimeout(resolve), 'load'),
  );
}

/** What `promise` answers; rejects where that takes longer than `ms`. */
export function within<Value>(ms: number, promise: Value | PromiseLike<Value>): Promise<Value> {
  return Promise.race([promise, new Promise<never>((_, reject) => setTimeout(reject, ms))]);
}
