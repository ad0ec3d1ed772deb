import { createHmac, randomUUID } from 'node:crypto';
import { textKeys } from '../rules/sources/secret.ts';
import { uuidOf } from '../rules/uuid.ts';
import type { Clock } from './clock.ts';
import type { Secret } from './aws/secrets.ts';

/** The tokens by which a browser stays the same visitor: signed by this deployment, worth nothing anywhere else. */
export type VisitorTokens = ReturnType<typeof visitorTokens>;

const ISSUER = 'contact-bridge';
const AUDIENCE = 'contact-bridge/visitor';
/** Each answer brings a new token, so this is how long a visitor may stay away and still be recognised. */
const LIFETIME_DAYS = 180;
const TOKEN_LENGTH_MAX = 1024;
/** Loaded for visitors alone: a signed-in user does not wait for it. */
const jose = () => import('./signed-tokens.ts');
/** 132 bits: no two networks share a name. */
const NETWORK_NAME_LENGTH = 22;

/** Visitor tokens as JWTs signed with HS256. */
export function visitorTokens(secret: Secret, clock: Clock) {
  const key = async (): Promise<Uint8Array> => {
    // HS256 wants a key of at least its output's length (RFC 7518 §3.2).
    const [strong] = textKeys([await secret.read()]);
    if (!strong) throw new Error('the visitor signing secret is shorter than 32 characters, or can be guessed');
    return strong;
  };
  return {
    /** For somebody who comes for the first time. */
    newId: (): string => randomUUID(),
    async issue(visitorId: string): Promise<string> {
      const { SignJWT } = await jose();
      const now = Math.floor(clock.now() / 1000);
      const token = new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(visitorId)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE);
      return token
        .setIssuedAt(now)
        .setExpirationTime(now + LIFETIME_DAYS * 86_400)
        .sign(await key());
    },
    /** The visitor of a token, or `undefined` for one that is forged, expired or not for this purpose. */
    async visitorOf(token: string): Promise<string | undefined> {
      if (token.length > TOKEN_LENGTH_MAX) return undefined;
      const { jwtVerify } = await jose();
      const signingKey = await key();
      const options = { algorithms: ['HS256'], issuer: ISSUER, audience: AUDIENCE, currentDate: new Date(clock.now()) };
      const read = await jwtVerify(token, signingKey, options).catch(() => undefined);
      return uuidOf(read?.payload.sub);
    },
    /** A name for a network that nobody can turn back into an address, and that is another one in the next period. */
    async networkName(network: string, period: string): Promise<string> {
      const hash = createHmac('sha256', await key()).update(`network ${period} ${network}`);
      return hash.digest('base64url').slice(0, NETWORK_NAME_LENGTH);
    },
  };
}
