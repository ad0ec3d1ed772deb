import type { JSONWebKeySet } from 'jose';
import { Unavailable } from '../rules/failure.ts';
import type { Transport } from '../rules/maiagent/outcome.ts';
import { isObject, parseEvent } from '../rules/sources/json.ts';
import type { Clock } from './clock.ts';
import { httpSender } from './https.ts';

/** The public keys that a user store signs with, by the address that the configuration gives. */
export type PublicKeys = ReturnType<typeof publicKeys>;

/** Keys rotate in days; a key that was taken away is forgotten this long after it. */
const FRESH_MS = 300_000;
/** An issuer may sign with a new key at once. Anybody may name one that is not there: so often at most is it looked for. */
const UNKNOWN_MS = 15_000;
/** So long do keys serve that cannot be read again. Longer, and a key that was taken away because it leaked would still prove. */
const STALE_MS_MAX = 3_600_000;
/** So long is a failure remembered, so that whoever asks meanwhile costs no connection and waits for nobody. */
const FAILED_MS = 15_000;
const TIMEOUT_MS = 3_000;

interface Entry {
  keys?: JSONWebKeySet;
  readAt: number;
  failedUntil: number;
  underway?: Promise<void> | undefined;
}

/** Public keys over HTTPS, kept in memory. However many ask at once, one request is made, and each waits at most three seconds. */
export function publicKeys(clock: Clock) {
  const send = httpSender();
  const entries = new Map<string, Entry>();

  async function fetchInto(entry: Entry, url: string): Promise<void> {
    const headers = { accept: 'application/json' };
    const keys = readKeys(await send({ method: 'GET', url: new URL(url), headers, timeoutMs: TIMEOUT_MS }));
    if (keys) Object.assign(entry, { keys, readAt: clock.elapsed() });
    else entry.failedUntil = clock.elapsed() + FAILED_MS;
    entry.underway = undefined;
  }

  return {
    /** Throws `Unavailable` while the keys cannot be had: nobody is proven or refused then. `kid` is the key that is wanted, where one is named. */
    async read(url: string, kid?: string): Promise<JSONWebKeySet> {
      const entry = entries.get(url) ?? { readAt: -Infinity, failedUntil: -Infinity };
      entries.set(url, entry);
      const isOlderThan = (ms: number): boolean => clock.elapsed() >= entry.readAt + ms;
      const isNew = kid !== undefined && entry.keys?.keys.every((one) => one.kid !== kid);
      if (isOlderThan(isNew ? UNKNOWN_MS : FRESH_MS) && clock.elapsed() >= entry.failedUntil)
        await (entry.underway ??= fetchInto(entry, url));
      if (entry.keys && !isOlderThan(STALE_MS_MAX)) return entry.keys;
      const retryAfterMs = Math.max(0, entry.failedUntil - clock.elapsed());
      throw new Unavailable('source_keys_unreachable', { retryAfterMs, setting: "the source's issuer" });
    },
  };
}

/** Of keys nothing is left out: they decide which events are believed. */
function readKeys(reply: Transport): JSONWebKeySet | undefined {
  const parsed = reply.kind === 'reply' && reply.status === 200 ? parseEvent(Buffer.from(reply.body)) : undefined;
  const keys = parsed && 'event' in parsed && !parsed.isAmbiguous ? parsed.event['keys'] : undefined;
  return Array.isArray(keys) && keys.every(isObject) ? { keys } : undefined;
}
