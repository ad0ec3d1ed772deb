import * as z from 'zod/mini';
import { maxLength, minLength } from '../length.ts';
import { isSafeUrl } from '../safe-url.ts';
import { isObject, type Json } from '../sources/json.ts';
import type { UserReading } from './user-reading.ts';

const text = z.string().check(minLength(1), maxLength(256));
const CLIENTS_MAX = 10;

/** How users are read from Keycloak's Admin API. The client's secret is not part of it. */
export const keycloakReadSchema = z.strictObject({
  /** `https://<host>/realms/<realm>`: there the token is had, and at `/admin/realms/<realm>` the users. */
  issuer: z.url().check(
    maxLength(512),
    z.refine(isSafeUrl, 'must be https, because a secret travels there'),
    z.refine((url) => /\/realms\/[^/]+$/.test(url), 'must end in /realms/<realm>'),
  ),
  /** A client with a service account that has the role `view-users` of the client `realm-management`. */
  clientId: text,
  /** The clients whose roles are read: the name under `clientRoles` and the id of the client, which is not its `clientId`. */
  clients: z._default(
    z.record(text, text).check(z.refine((all) => Object.keys(all).length <= CLIENTS_MAX, 'are too many')),
    {},
  ),
});
export type KeycloakRead = z.infer<typeof keycloakReadSchema>;

/** The members that a reading adds to a user's representation. */
export const READ_MEMBERS = ['realmRoles', 'clientRoles', 'groups'] as const;

export const tokenUrlOf = ({ issuer }: KeycloakRead): string => `${issuer}/protocol/openid-connect/token`;

/** A user's resource of the Admin API. The id is opaque, and one of a federation holds colons and perhaps slashes. */
export const userUrlOf = ({ issuer }: KeycloakRead, userId: string): string =>
  `${issuer.replace(/\/realms\/([^/]+)$/, '/admin/realms/$1')}/users/${encodeURIComponent(userId)}`;

/** What the Admin API says where it has no such user (`UsersResource.getUser`); another 404 is that of another server, or of no realm. */
export const isMissing = (status: number, body: unknown): boolean =>
  status === 404 && isObject(body) && body['error'] === 'User not found';

/** The representation, if it is that of the user who was asked for and says whether the user is enabled. */
export function representationOf(body: unknown, userId: string): Json | undefined {
  return isObject(body) && body['id'] === userId && typeof body['enabled'] === 'boolean' ? body : undefined;
}

/** The names in a list of groups or roles; `undefined` where it is not one. Of a group its path, as Keycloak's mapper of tokens writes it. */
export function namesIn(body: unknown): readonly string[] | undefined {
  if (!Array.isArray(body)) return undefined;
  const names = body.map((one: unknown) => (isObject(one) ? (one['path'] ?? one['name']) : undefined));
  return names.every((name) => typeof name === 'string') ? names : undefined;
}

/** The record of a user: the representation, and what it leaves out. */
export function foundUser(
  representation: Json,
  also: Readonly<Record<(typeof READ_MEMBERS)[number], unknown>>,
): UserReading {
  const status = representation['enabled'] === true ? 'active' : 'disabled';
  return { kind: 'found', record: { ...representation, ...also }, status };
}
