import type { World } from './state/world.ts';
import type { Call } from './state/calls.ts';
import type { Reply } from './exchange.ts';

// Both texts are documented (page "API Authentication"); the first one stands for a missing and for an invalid key.
const notProvided: Reply = { status: 401, body: { detail: 'Authentication credentials were not provided.' } };
const malformed: Reply = { status: 401, body: { detail: 'Invalid API key format.' } };

/** The refusal of a request whose `Authorization` is not `Api-Key <the key>`, or undefined where it is. */
export function refuseStranger(world: World, header: string | undefined, call: Call): Reply | undefined {
  if (header === undefined || header.trim() === '') return notProvided;
  if (/^Bearer\b/i.test(header)) world.calls.blame(call, 'bearer-prefix');
  const key = /^Api-Key (\S+)$/.exec(header)?.[1];
  if (key === undefined) return malformed;
  return key === world.apiKey ? undefined : notProvided;
}
