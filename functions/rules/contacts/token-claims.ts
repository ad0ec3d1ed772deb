import { Refused } from '../failure.ts';
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

/**
 * The claims of the token that API Gateway verified. The gateway hands on its claims as texts only (`[a b]` for a list, so that a
 * role with a space cannot be told from two), therefore they are read from the token itself, and must be the very ones it verified.
 */
export function verifiedClaims(authorization: string | undefined, verified: Claims | undefined): Claims {
  const payload = authorization?.replace(/^Bearer +/i, '').split('.')[1];
  const claims = payload === undefined ? undefined : parseObject(Buffer.from(payload, 'base64url').toString('utf8'));
  const isTheOne =
    claims &&
    verified &&
    claims['iss'] === verified['iss'] &&
    claims['sub'] === verified['sub'] &&
    numberIn(claims['exp']) === numberIn(verified['exp']);
  if (!isTheOne) throw new Refused('token_without_user');
  return claims;
}

/** The gateway has the same number as text. Anything else is not even equal to itself. */
const numberIn = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;

function parseObject(text: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}

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
