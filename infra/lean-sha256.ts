import { createHmac } from 'node:crypto';

/** Stands in for `fast-sha256` inside the bundles: Node has its own HMAC, which is smaller by 6 KB and faster. */
export function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(data).digest();
}
