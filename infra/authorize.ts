import { Duration } from 'aws-cdk-lib/core';
import type { Stage } from './config.ts';
import { Job, type Place } from './job.ts';

/** The job `authorize`: knows the issuer and its public keys, and may touch nothing. */
export function authorizeJob(place: Place, keys: NonNullable<Stage['tokens']['keys']>): Job<'authorize'> {
  const { issuer, audience } = place.stage.tokens;
  return new Job(place, {
    name: 'authorize',
    // The gateway waits ten seconds for an authorizer at most; the keys are fetched within three.
    timeout: Duration.seconds(8),
    variables: { TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: JSON.stringify(audience), TOKEN_KEYS: JSON.stringify(keys) },
  });
}
