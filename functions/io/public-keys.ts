import type { JSONWebKeySet } from 'jose';
import { Unavailable } from '../rules/failure.ts';
import type { Transport } from '../rules/maiagent/outcome.ts';
import { parseEvent } from '../rules/sources/json.ts';
import type { Clock } from './clock.ts';
import { httpSender } from './https.ts';

/** The public keys that a user store signs with, by the address that the configuration gives. */
export interface PublicKeys {
  read(url: string): Promise<JSONWebKeySet>;
}

/** Keys rotate in days; a key that is new is known this long after it. */
const KEPT_MS = 300_000;
const TIMEOUT_MS = 3_000;

/** Public keys over HTTPS, kept for five minutes. Throws `Unavailable` while they cannot be had: nobody is proven or refused then. */
export function publicKeys(clock: Clock): PublicKeys {
  const send = httpSender();
  const kept = new Map<string, { readonly keys: JSONWebKeySet; readonly until: number }>();
  return {
    async read(url) {
      const known = kept.get(url);
      if (known && known.until > clock.elapsed()) return known.keys;
      const transport = await send({
        method: 'GET',
        url: new URL(url),
        headers: { accept: 'application/json' },
        timeoutMs: TIMEOUT_MS,
      });
      const keys = readKeys(transport);
      if (!keys) throw new Unavailable('source_keys_unreachable', { setting: "the source's issuer" });
      kept.set(url, { keys, until: clock.elapsed() + KEPT_MS });
      return keys;
    },
  };
}

/** Read as strictly as an event, because they decide which events are believed. */
function readKeys(reply: Transport): JSONWebKeySet | undefined {
  const parsed = reply.kind === 'reply' && reply.status === 200 ? parseEvent(Buffer.from(reply.body)) : undefined;
  const keys = parsed && 'event' in parsed ? parsed.event['keys'] : undefined;
  return Array.isArray(keys) ? { keys } : undefined;
}
