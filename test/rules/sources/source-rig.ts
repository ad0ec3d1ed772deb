import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import {
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type CryptoKey,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose';
import {
  proveDelivery,
  readDelivery,
  sourceSchema,
  type SourceDeclaration,
  type SourceEvent,
  type WebhookSource,
} from '../../../functions/rules/sources/source.ts';

/** One second after the recorded events. */
export const nowMs = Date.parse('2026-11-20T10:00:00.000Z');
/** The version of most recorded events. */
export const toldMs = Date.parse('2026-11-20T09:59:58.120Z');

/** A version whatever decides among equals; its digits hold no sign of an expression. */
export const mainly = (version: string): unknown => expect.stringMatching(new RegExp(`^${version}([.!]|$)`));

export const issuer = 'https://keycloak.example.com/realms/sample-realm';
export const audience = 'contact-bridge';

const declare = (declaration: object): WebhookSource => sourceSchema.parse(declaration) as WebhookSource;
const attributes = { country: 'public_metadata.country' };

export const sources = {
  generic: declare({ kind: 'generic', name: 'hr' }),
  svix: declare({ kind: 'generic', name: 'hr' }),
  clerk: declare({ kind: 'clerk', name: 'clerk', fields: { attributes } }),
  auth0: declare({
    kind: 'auth0',
    name: 'auth0',
    fields: { attributes: { country: 'app_metadata.https://corp.example/country' } },
  }),
  workos: declare({ kind: 'workos', name: 'directory', userId: 'idp_id' }),
  hmac: declare({
    kind: 'keycloak',
    name: 'keycloak',
    realm: 'sample-realm',
    proof: { mode: 'hmac' },
    fields: { roles: 'attributes.roles', attributes: { country: 'attributes.country' } },
  }),
  bearer: declare({ kind: 'keycloak', name: 'keycloak', proof: { mode: 'bearer', issuer, audience } }),
};
export type Sender = keyof typeof sources;
export const senders = Object.keys(sources) as Sender[];

/** Which folder of recorded payloads a sender sends. */
export const kindOf = (sender: Sender): string => sources[sender].kind;

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
/** A random-looking key that is the same in every run. */
export const sampleKey = (seed: string, bytes = 32): Buffer =>
  Buffer.concat([hash(seed), hash(`${seed}+`)]).subarray(0, bytes);

/** A sender's secret as its user would paste it. */
export function secretOf(sender: Sender, seed = 'now'): string {
  const key = sampleKey(`${sender}-${seed}`, sender === 'clerk' ? 24 : 32);
  return ['generic', 'svix', 'clerk'].includes(sender) ? `whsec_${key.toString('base64')}` : key.toString('hex');
}

const realm = await generateKeyPair('RS256', { extractable: true });
export const stranger = await generateKeyPair('RS256', { extractable: true });
/** The sample realm's public keys. */
export const realmKeys: JSONWebKeySet = {
  keys: [{ ...(await exportJWK(realm.publicKey)), kid: 'sample-key', use: 'sig' }],
};
/** The realm's key as another algorithm would use it: the realm declares RS256 alone. */
export const otherAlgorithm = (await importJWK(await exportJWK(realm.privateKey), 'RS512')) as CryptoKey;

export const example = (kind: string, name: string): Buffer =>
  readFileSync(new URL(`../../examples/${kind}/${name}.json`, import.meta.url));

/** The recorded body with some members of its top level changed. */
export const exampleWith = (kind: string, name: string, members: object): Buffer =>
  Buffer.from(JSON.stringify({ ...(JSON.parse(example(kind, name).toString()) as object), ...members }));

export type Headers = Readonly<Record<string, string>>;

export interface Signing {
  readonly secret?: string;
  readonly atMs?: number;
  readonly id?: string;
  readonly claims?: JWTPayload;
  readonly key?: CryptoKey;
  readonly alg?: string;
}

/** The headers with which the sender would send the body. Signed here by hand, so that no mistake is shared with what verifies. */
export async function sign(sender: Sender, body: Buffer, signing: Signing = {}): Promise<Headers> {
  const { secret = secretOf(sender), atMs = nowMs, id = 'msg_sample' } = signing;
  switch (sender) {
    case 'generic':
      return standardHeaders('webhook', body, { secret, atMs, id });
    case 'svix':
    case 'clerk':
      return standardHeaders('svix', body, { secret, atMs, id });
    case 'auth0':
      return { authorization: `Bearer ${secret}` };
    case 'workos':
      return { 'workos-signature': `t=${atMs}, v1=${mac(secret, `${atMs}.`, body).toString('hex')}` };
    case 'hmac':
      return { 'x-keycloak-signature': mac(secret, body).toString('hex') };
    case 'bearer':
      return { authorization: `Bearer ${await realmToken(body, signing)}` };
  }
}

/** The token that Keycloak makes for a body; a claim that is `undefined` is left out. */
async function realmToken(
  body: Buffer,
  { atMs = nowMs, claims = {}, key = realm.privateKey, alg = 'RS256' }: Signing,
): Promise<string> {
  const iat = Math.floor(atMs / 1000);
  const digest = createHash('sha256').update(body).digest('hex');
  const payload = { iss: issuer, aud: audience, iat, exp: iat + 300, jti: 'sample-jti', request_body_sha256: digest };
  return new SignJWT({ ...payload, ...claims }).setProtectedHeader({ alg, kid: 'sample-key', typ: 'JWT' }).sign(key);
}

function standardHeaders(
  brand: string,
  body: Buffer,
  { secret, atMs, id }: Required<Pick<Signing, 'secret' | 'atMs' | 'id'>>,
): Headers {
  const seconds = Math.floor(atMs / 1000);
  return {
    [`${brand}-id`]: id,
    [`${brand}-timestamp`]: String(seconds),
    [`${brand}-signature`]: standardSignature(body, { secret, id, seconds }),
  };
}

/** One signature of the Standard Webhooks protocol; `seconds` as the header would say it. */
export function standardSignature(
  body: Buffer,
  { secret, id = 'msg_sample', seconds }: { secret: string; id?: string; seconds: number | string },
): string {
  const key = Buffer.from(secret.replace(/^(v1,)?(whsec_)?/, ''), 'base64');
  return `v1,${mac(key, `${id}.${seconds}.`, body).toString('base64')}`;
}

export function mac(key: string | Buffer, ...deps: (string | Buffer)[]): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of deps) hmac.update(part);
  return hmac.digest();
}

/** What a delivery tells, or that nothing proves it. */
export type Heard = SourceEvent | { readonly kind: 'unproven' };

/** What a sender's source tells of a delivery at `nowMs`, unless another time is given. */
export async function hear(
  sender: Sender,
  body: Buffer,
  headers: Headers,
  given: { secrets?: readonly string[]; source?: SourceDeclaration; nowMs?: number } = {},
): Promise<Heard> {
  const { secrets = [secretOf(sender)], nowMs: atMs = nowMs } = given;
  const source = (given.source ?? sources[sender]) as WebhookSource;
  const delivery = { header: (name: string) => headers[name], body, nowMs: atMs };
  const proof = await proveDelivery(source, secrets, delivery, realmKeys);
  return proof ? readDelivery(source, { ...proof, body, readAtMs: atMs }) : { kind: 'unproven' };
}

/** What a source tells of a body that its sender signed well. */
export async function hearSigned(sender: Sender, body: Buffer, source?: SourceDeclaration): Promise<Heard> {
  return hear(sender, body, await sign(sender, body), source ? { source } : {});
}
