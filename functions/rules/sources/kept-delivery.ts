import { hashOf } from '../canonical.ts';
import type { Delivery } from './source-event.ts';

/** A delivery as text, so that it can be kept whole and judged again. */
export type KeptDelivery = Readonly<Record<string, string>>;

/** The headers by which any of the sources is proven. */
const PROOF_HEADERS = [
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'svix-id',
  'svix-timestamp',
  'svix-signature',
  'x-keycloak-signature',
  'workos-signature',
  'authorization',
];

/** The delivery with its proof: `body` in base64, and `header:<name>` for each header that was there. */
export function keep({ header, body }: Delivery): KeptDelivery {
  const headers = PROOF_HEADERS.flatMap((name) => {
    const value = header(name);
    return value === undefined ? [] : [[`header:${name}`, value] as const];
  });
  return { body: body.toString('base64'), ...Object.fromEntries(headers) };
}

/** The delivery again, proven at the time at which it arrived and read with what is known now. */
export function restoreDelivery(kept: KeptDelivery, arrivedAtMs: number, readAtMs: number): Delivery {
  const body = Buffer.from(kept['body'] ?? '', 'base64');
  return { header: (name) => kept[`header:${name}`], body, nowMs: arrivedAtMs, readAtMs };
}

/** What makes two deliveries with one event id the same event. */
export const contentHashOf = (body: Buffer): string => hashOf(body.toString('base64'));
