import type { JSONWebKeySet } from 'jose';
import * as z from 'zod/mini';
import { auth0SourceSchema, proveAuth0, readAuth0 } from './auth0.ts';
import { cognitoSourceSchema, readCognito } from './cognito.ts';
import { clerkSourceSchema, proveClerk, readClerk } from './clerk.ts';
import { genericSourceSchema, proveGeneric, readGeneric } from './generic.ts';
import { keysAddressOf, mayBeBearer } from './keycloak-proof.ts';
import { hashOf } from '../canonical.ts';
import { valueAt } from '../contacts/read-fields.ts';
import { objectAt, parseEvent, withoutEnvelope, type Json } from './json.ts';
import { keycloakSourceSchema, proveKeycloak, readKeycloak } from './keycloak.ts';
import { tableSourceSchema } from './table.ts';
import {
  eventIdOf,
  sourceEventOf,
  unreadable,
  type Delivery,
  type Proof,
  type ProvenDelivery,
  type Said,
  type SourceEvent,
} from './source-event.ts';
import { scimSourceSchema } from '../scim/source.ts';
import { proveWorkos, readWorkos, workosSourceSchema } from './workos.ts';

export type { Delivery, ProvenDelivery, SourceEvent } from './source-event.ts';

/**
 * 256 KiB, the same as every other body, where the proof is made over the body: a stranger must not make us hash more. Auth0 switches a
 * stream off, for everybody, after enough failures (auth0.com/docs, "Event testing, observability, and failure recovery"), so nothing
 * that it can send may fail; its proof is a header. Lambda takes 6 MB, with the gateway's own text about the request.
 */
export const bodyBytesMaxOf = ({ kind }: SourceDeclaration): number => (kind === 'auth0' ? 4_194_304 : 262_144);

/** The declaration of a source in the settings. Its secrets are not in it. */
export const sourceSchema = z.discriminatedUnion('kind', [
  genericSourceSchema,
  keycloakSourceSchema,
  auth0SourceSchema,
  clerkSourceSchema,
  workosSourceSchema,
  cognitoSourceSchema,
  tableSourceSchema,
  scimSourceSchema,
]);
export type SourceDeclaration = z.infer<typeof sourceSchema>;

/** A source whose events come one by one, each of them a body. A table is read through its stream. */
export type EventSource = Exclude<SourceDeclaration, { kind: 'table' | 'scim' }>;

/** A source that sends its events over HTTP, each with a proof. */
export type WebhookSource = Exclude<EventSource, { kind: 'cognito' }>;

/** What EventBridge brings has no other door. */
export const isWebhook = (source: SourceDeclaration): source is WebhookSource =>
  source.kind !== 'table' &&
  source.kind !== 'scim' &&
  source.kind !== 'cognito' &&
  !('bus' in source && source.bus !== undefined);

/** The source of an event that EventBridge brought; `undefined` where none declares what it comes from. */
export function sourceOfBus(sources: readonly SourceDeclaration[], body: Buffer): EventSource | undefined {
  const parsed = parseEvent(body);
  const event = 'event' in parsed ? parsed.event : {};
  const { source: from } = event;
  const { userPoolId } = objectAt(objectAt(event, 'detail'), 'requestParameters');
  return sources.find((one): one is EventSource => {
    if (one.kind === 'auth0') return one.bus !== undefined && one.bus === from;
    return one.kind === 'cognito' && from === 'aws.cognito-idp' && one.read.userPoolId === userPoolId;
  });
}

/**
 * The proof of a delivery to `POST /v1/webhooks/{source}`, or `undefined` for one that is forged, expired, replayed outside the window,
 * or met by no usable secret. Every secret in the list is good, so that a new one can be added before the old one is taken away.
 * `keys` are the public keys at `publicKeysUrl`. Never throws for anything that the sender wrote.
 */
export async function proveDelivery(
  source: WebhookSource,
  secrets: readonly string[],
  delivery: Delivery,
  keys?: JSONWebKeySet,
): Promise<Proof | undefined> {
  if (delivery.body.length > bodyBytesMaxOf(source)) return undefined;
  switch (source.kind) {
    case 'generic':
      return proveGeneric(source, secrets, delivery);
    case 'keycloak':
      return proveKeycloak(source, secrets, delivery, keys);
    case 'auth0':
      return proveAuth0(secrets, delivery);
    case 'clerk':
      return proveClerk(secrets, delivery);
    case 'workos':
      return proveWorkos(secrets, delivery);
  }
}

type Reader<Source> = (source: Source, event: Json) => Said;

/** What each vendor's event says. */
const readers: { readonly [Kind in EventSource['kind']]: Reader<Extract<EventSource, { kind: Kind }>> } = {
  generic: readGeneric,
  keycloak: readKeycloak,
  auth0: readAuth0,
  clerk: readClerk,
  workos: readWorkos,
  cognito: readCognito,
};

/** What a proven delivery tells. Never throws for anything that is in it. */
export function readDelivery(source: EventSource, delivery: ProvenDelivery): SourceEvent {
  const parsed = parseEvent(delivery.body);
  if ('flaw' in parsed) return unreadable(delivery.eventId, parsed.flaw.path, parsed.flaw.problem);
  const isFromBus = source.kind === 'auth0' || source.kind === 'cognito';
  const event = isFromBus ? withoutEnvelope(parsed.event) : parsed.event;
  const eventId = delivery.eventId ?? eventIdIn(source, event);
  const read = readers[source.kind] as Reader<EventSource>;
  const told = sourceEventOf(source, eventId, read(source, event), delivery.readAtMs);
  // What is there twice may be what would have made it one of ours.
  return parsed.isAmbiguous && told.kind === 'nothing' ? unreadable(eventId, '', 'has the same key twice') : told;
}

/** The event's own id, for a proof that covers none. Keycloak's `id` is the same for every receiver and repeat, its `uid` is not. */
function eventIdIn(source: EventSource, event: Json): string | undefined {
  switch (source.kind) {
    case 'generic':
      return eventIdOf(valueAt(event, source.id)) ?? hashOf(event);
    case 'keycloak':
      return eventIdOf(event['id']) ?? eventIdOf(event['uid']);
    case 'cognito':
      return eventIdOf(event['eventID']);
    default:
      return eventIdOf(event['id']);
  }
}

/** Where the public keys are that may prove this delivery, `undefined` where none can. */
export function publicKeysUrl(source: WebhookSource, delivery: Delivery): string | undefined {
  if (source.kind !== 'keycloak' || source.proof.mode !== 'bearer' || !mayBeBearer(source.proof, delivery))
    return undefined;
  return keysAddressOf(source.proof.issuer);
}
