import { Refused } from '../failure.ts';
import { payloadOf } from '../http/bearer.ts';
import { parseEvent } from '../sources/json.ts';
import { firstMembers, hasMember, readFields, valueAt, type FieldPaths } from './read-fields.ts';
import { TOKEN, type Change } from './reports.ts';
import { userIdOf } from './subject.ts';
import { attributeKey, FIXED_FIELDS, type Told } from './told.ts';
import { issuedVersion, type Version } from './version.ts';

/** Which claim carries what, by name or path; else the standard OIDC claims (OpenID Connect Core §5.1). `false`: the tokens do not tell it. */
export interface ClaimNames extends Readonly<Record<Exclude<keyof FieldPaths, 'attributes'>, string | false>> {
  readonly userId: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export const claimPaths = (names: ClaimNames): FieldPaths => ({ ...names, name: names.name !== false && [names.name] });

type Claims = Readonly<Record<string, unknown>>;

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
  const payload = payloadOf(authorization);
  const parsed = payload && parseEvent(payload);
  const claims = parsed && 'event' in parsed && !parsed.isAmbiguous ? parsed.event : undefined;
  const paths = [...Object.values(names), ...Object.values(attributes)].filter((path) => path !== false);
  const used = ['iss', 'sub', 'exp', 'iat', '_claim_names', 'hasgroups', ...paths.flatMap(firstMembers)];
  const isTheOne =
    claims &&
    verified &&
    typeof claims['iss'] === 'string' &&
    typeof claims['exp'] === 'number' &&
    used.every((name) => isSame(own(claims, name), own(verified, name)));
  if (!isTheOne) throw new Refused('token_without_user');
  return claims;
}

const LARGE = /^-?\d{16,}$/;

/** A claim beside the text that the gateway makes of it: a number in any notation, a list with or without commas, JSON, nothing for null. */
function isSame(claim: unknown, text: unknown): boolean {
  if (claim === undefined || claim === null) return text === undefined || text === null;
  if (typeof text !== 'string') return claim === text;
  // Of digits that are too many for a number the gateway may have made a number all the same, which is rounded.
  if (typeof claim === 'string') return claim === text || (LARGE.test(claim) && Number(claim) === Number(text));
  if (typeof claim === 'number') return text.trim() !== '' && claim === Number(text);
  if (Array.isArray(claim) && !text.startsWith('[')) return false;
  return wordsIn(JSON.stringify(claim)) === wordsIn(text);
}

/** What a list or an object holds, however it is written: AWS documents neither the form of the one nor of the other. */
const wordsIn = (text: string): string =>
  text
    .split(/[\s,:"[\]{}\\]+/)
    .filter((word) => word !== '' && word !== 'map')
    .toSorted()
    .join(' ');

const own = (claims: Claims, name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined);

/** Who signs in, and what the token says of that user. */
export function signIn(claims: Claims, names: ClaimNames, nowMs: number): { userId: string; change: Change } {
  const userId = userIdOf(valueAt(claims, names.userId));
  if (userId === undefined) throw new Refused('token_without_user');
  const { told } = readFields(claims, claimPaths(names));
  const version = versionOf(claims, nowMs);
  return { userId, change: { source: TOKEN, kind: 'update', version, told: { ...told, ...elsewhere(claims, names) } } };
}

/**
 * The fields whose values exist and are not in the token: claims that are only named (OpenID Connect Core §5.6.2), which is how Entra ID
 * writes more than 200 groups, and `hasgroups` in a token of its implicit flow (Microsoft, "Groups overage claim").
 */
function elsewhere(claims: Claims, names: ClaimNames): Told {
  const named = valueAt(claims, '_claim_names');
  const hasGroups = valueAt(claims, 'hasgroups') ?? false;
  const isElsewhere = (path: string): boolean =>
    hasMember(named, path) || (hasGroups !== false && hasMember({ groups: true }, path));
  const paths = [
    ...FIXED_FIELDS.map((field) => [field, names[field]] as const),
    ...Object.entries(names.attributes).map(([name, path]) => [attributeKey(name), path] as const),
  ];
  const hidden = paths.filter(([, path]) => path !== false && isElsewhere(path));
  return Object.fromEntries(hidden.map(([key]) => [key, { unknown: 'elsewhere' }]));
}

/**
 * A token is as old as its issue. Its `updated_at` decides nothing: it comes with the scope `profile`, which people may leave out of
 * their sign-in, so that a token which tells of a right that was taken away would never be newer than one with that claim.
 */
function versionOf(claims: Claims, nowMs: number): Version {
  const issuedAt = valueAt(claims, 'iat');
  return issuedVersion(typeof issuedAt === 'number' && issuedAt > 0 ? Math.min(issuedAt * 1000, nowMs) : nowMs);
}
