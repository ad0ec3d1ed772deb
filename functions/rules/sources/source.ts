import type { JSONWebKeySet } from 'jose';
import * as z from 'zod/mini';
import { auth0SourceSchema, readAuth0 } from './auth0.ts';
import { clerkSourceSchema, readClerk } from './clerk.ts';
import { genericSourceSchema, readGeneric } from './generic.ts';
import { readKeycloak, keycloakSourceSchema } from './keycloak.ts';
import { tableSourceSchema } from './table.ts';
import { unproven, type Delivery, type SourceEvent } from './source-event.ts';
import { readWorkos, workosSourceSchema } from './workos.ts';

export type { Delivery, SourceEvent } from './source-event.ts';

/** 256 KiB, the same as every other body. */
const BODY_BYTES_MAX = 262_144;

/** The declaration of a source in the settings. Its secrets are not in it. */
export const sourceSchema = z.discriminatedUnion('kind', [
  genericSourceSchema,
  keycloakSourceSchema,
  auth0SourceSchema,
  clerkSourceSchema,
  workosSourceSchema,
  tableSourceSchema,
]);
export type SourceDeclaration = z.infer<typeof sourceSchema>;

/**
 * What a delivery to `POST /v1/webhooks/{source}` tells. Every secret in the list is good, so that a new one can be added before the
 * old one is taken away. `keys` are the public keys at `publicKeysUrl`. Never throws for anything that the sender wrote.
 */
export async function readDelivery(
  source: SourceDeclaration,
  secrets: readonly string[],
  delivery: Delivery,
  keys?: JSONWebKeySet,
): Promise<SourceEvent> {
  if (delivery.body.length > BODY_BYTES_MAX) return unproven;
  switch (source.kind) {
    case 'generic':
      return readGeneric(source, secrets, delivery);
    case 'keycloak':
      return readKeycloak(source, secrets, delivery, keys);
    case 'auth0':
      return readAuth0(source, secrets, delivery);
    case 'clerk':
      return readClerk(source, secrets, delivery);
    case 'workos':
      return readWorkos(source, secrets, delivery);
    case 'table':
      // A table is heard through its stream: nobody can prove to be one over HTTP.
      return unproven;
  }
}

/** Where the public keys are that a source signs with, `undefined` for a source that has a shared secret. */
export function publicKeysUrl(source: SourceDeclaration): string | undefined {
  if (source.kind !== 'keycloak' || source.proof.mode !== 'bearer') return undefined;
  return `${source.proof.issuer.replace(/\/$/, '')}/protocol/openid-connect/certs`;
}
