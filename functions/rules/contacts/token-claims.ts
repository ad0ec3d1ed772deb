import { Refused } from '../failure.ts';
import { parseEvent } from '../sources/json.ts';
import type { Change } from './reports.ts';
import { userIdSchema } from './subject.ts';
import { usableFields } from './user-fields.ts';
import { AHEAD_MS_MAX, instantMs, issuedVersion, timeVersion, type Version } from './version.ts';
import { TOKEN } from './desired.ts';

/** Which claim carries what; the standard OIDC claims unless the deployment says otherwise (OpenID Connect Core §5.1). */
export interface ClaimNames {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly phoneNumber: string;
  readonly avatar: string;
  readonly roles: string;
  readonly groups: string;
  readonly updatedAt: string;
  readonly attributes: Readonly<Record<string, string>>;
}

type Claims = Readonly<Record<string, unknown>>;

/** Exactly one token, of three parts: of two, joined by a comma as headers are, the gateway might verify the one and we read the other. */
const oneToken = /^(?:Bearer +)?[\w-]+\.([\w-]+)\.[\w-]+$/i;

/**
 * The claims of the token that API Gateway verified. The gateway hands on its claims as texts only (`[a b]` for a list, so that a
 * role with a space cannot be told from two), therefore they are read from the token itself. Each claim that is used must be the very
 * one that the gateway verified, and no claim may be there twice, because two readers may each take another.
 */
export function verifiedClaims(
  authorization: string | undefined,
  verified: Claims | undefined,
  { attributes, ...names }: ClaimNames,
): Claims {
  const payload = oneToken.exec(authorization ?? '')?.[1];
  const parsed = payload === undefined ? undefined : parseEvent(Buffer.from(payload, 'base64url'));
  const claims = parsed && 'event' in parsed ? parsed.event : undefined;
  const used = ['iss', 'sub', 'exp', 'iat', ...Object.values(names), ...Object.values(attributes)];
  const isTheOne =
    claims &&
    verified &&
    typeof claims['iss'] === 'string' &&
    typeof claims['exp'] === 'number' &&
    used.every((name) => isSame(own(claims, name), own(verified, name)));
  if (!isTheOne) throw new Refused('token_without_user');
  return claims;
}

/** A claim beside the text that the gateway makes of it: a number in any notation, a list with or without commas, JSON, nothing for null. */
function isSame(claim: unknown, text: unknown): boolean {
  if (claim === undefined || claim === null) return text === undefined || text === null;
  if (typeof text !== 'string') return claim === text;
  if (typeof claim === 'string') return claim === text;
  if (typeof claim === 'number') return text.trim() !== '' && claim === Number(text);
  if (Array.isArray(claim)) return text.startsWith('[') && wordsIn(claim.map(textOf).join()) === wordsIn(text);
  return wordsIn(textOf(claim)) === wordsIn(text);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const wordsIn = (text: string): string => text.replaceAll(/[\s,"[\]]/g, '');

/** Who signs in, and what the token says of that user. */
export function signIn(claims: Claims, names: ClaimNames, nowMs: number): { userId: string; change: Change } {
  const userId = userIdSchema.safeParse(own(claims, names.userId));
  if (!userId.success) throw new Refused('token_without_user');
  // A list or an object stays what it is, and so is no usable attribute: see `usableFields` for what follows.
  const attributes = Object.entries(names.attributes).flatMap(([attribute, claim]) => {
    const value = own(claims, claim);
    if (value === undefined) return [];
    return [[attribute, typeof value === 'number' || typeof value === 'boolean' ? String(value) : value] as const];
  });
  const fields = usableFields({
    name: own(claims, names.name),
    email: own(claims, names.email),
    phoneNumber: own(claims, names.phoneNumber),
    avatar: own(claims, names.avatar),
    roles: own(claims, names.roles),
    groups: own(claims, names.groups),
    attributes: Object.fromEntries(attributes),
  });
  return {
    userId: userId.data,
    change: { source: TOKEN, kind: 'update', version: versionOf(claims, names, nowMs), fields },
  };
}

const own = (claims: Claims, name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined);

/** `updated_at` is seconds in the standard and ISO 8601 at some providers; without it the token is as old as its issue. */
function versionOf(claims: Claims, names: ClaimNames, nowMs: number): Version {
  const updatedAt = own(claims, names.updatedAt);
  const updatedMs =
    typeof updatedAt === 'number' ? updatedAt * 1000 : typeof updatedAt === 'string' ? instantMs(updatedAt) : undefined;
  if (updatedMs !== undefined && updatedMs > 0 && updatedMs <= nowMs + AHEAD_MS_MAX) return timeVersion(updatedMs);
  const issuedAt = own(claims, 'iat');
  return issuedVersion(typeof issuedAt === 'number' && issuedAt > 0 ? Math.min(issuedAt * 1000, nowMs) : nowMs);
}
