import { createHash, createHmac } from 'node:crypto';
import { marshall } from '@aws-sdk/util-dynamodb';
import { policyOf, type Settings } from '../../functions/env.ts';
import { draft, type Link } from '../../functions/rules/contacts/link.ts';
import type { Change } from '../../functions/rules/contacts/reports.ts';
import { signIn } from '../../functions/rules/contacts/token-claims.ts';
import { instantVersion } from '../../functions/rules/contacts/version.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { confirmed, rowOf } from '../rules/contacts/sample-links.ts';
import { gatewayEvent, type SampleRequest } from '../rigs/gateway-event.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import type { Canned } from './remote.ts';

/** One function with what it is asked and what the endpoint answers. */
export interface Subject {
  /** Made anew for each process, because a signature is good for some minutes. */
  readonly events: () => readonly unknown[];
  readonly canned: Canned;
  /** What the function asks AWS in one call, which its baseline asks too. */
  readonly calls: readonly string[];
}

export const benchSettings: Settings = {
  ...sampleSettings,
  sources: [
    sourceSchema.parse({ kind: 'generic', name: 'portal' }),
    sourceSchema.parse({ kind: 'scim', name: 'directory' }),
  ],
};
/** The same without a directory: a returning user is one read. */
export const plainSettings: Settings = { ...benchSettings, sources: benchSettings.sources.slice(0, 1) };

const userId = 'sample-member';
const person = { name: 'Sample Member', email: 'member@corp.example', roles: ['staff'] };
const claims = { sub: userId, ...person };
const secretOf = (name: string): string => createHash('sha256').update(`bench ${name}`).digest('base64');
const table = (link: Link) => ({ Item: marshall(link, { removeUndefinedValues: true }) });

/** The row of somebody who has this change, confirmed at MaiAgent. */
function rowWith(settings: Settings, change: Change): Link {
  const next = draft({ kind: 'user', userId }, undefined, change, policyOf(settings));
  const row = { ...rowOf(next), pk: `user#${userId}`, pseudonym: 'a-random-name', settledBy: 'sample-lease' };
  return confirmed(row, '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01');
}

/** A user who was here before: the row has all of it already. */
export function returning(settings: Settings): Subject {
  const request: SampleRequest = { routeKey: 'POST /v1/identity', claims, body: {} };
  const { change } = signIn({ ...claims, iat: 1_760_000_000 }, settings.claims, Date.now());
  const { Item } = table(rowWith(settings, change));
  const isWithScim = settings.sources.some(({ kind }) => kind === 'scim');
  return {
    events: () => [gatewayEvent(request)],
    canned: { GetItem: { Item }, BatchGetItem: { Responses: { Links: [Item] }, UnprocessedKeys: {} } },
    calls: [isWithScim ? 'BatchGetItem' : 'GetItem'],
  };
}

/** The back office looks somebody up. */
export function lookedUp(settings: Settings): Subject {
  const { change } = signIn({ ...claims, iat: 1_760_000_000 }, settings.claims, Date.now());
  const request: SampleRequest = {
    routeKey: 'GET /v1/users/{userId}',
    claims: { sub: 'back-office', azp: 'back-office', scope: 'contacts.read' },
    parameters: { userId },
    path: `/v1/users/${userId}`,
  };
  return {
    events: () => [gatewayEvent(request)],
    canned: { GetItem: table(rowWith(settings, change)) },
    calls: ['GetItem'],
  };
}

/** A webhook that tells what the row knows: its receipt is written. */
export function delivered(settings: Settings, count: number): Subject {
  const told = { name: person.name, email: person.email, roles: person.roles };
  const at = '2026-01-01T00:00:00.000Z';
  const eventAt = (index: number) => {
    const data = { userId, version: '2026-01-01T00:00:00.000Z', ...told };
    const text = JSON.stringify({ type: 'user.updated', timestamp: at, data });
    const seconds = Math.floor(Date.now() / 1000);
    const id = `event-${index}`;
    const mac = createHmac('sha256', Buffer.from(secretOf('portal'), 'base64')).update(`${id}.${seconds}.${text}`);
    return gatewayEvent({
      routeKey: 'POST /v1/webhooks/{source}',
      parameters: { source: 'portal' },
      rawBody: text,
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': `v1,${mac.digest('base64')}`,
      },
    });
  };
  const version = instantVersion(at)!;
  const row = rowWith(settings, { source: 'portal', kind: 'update', version, told });
  return {
    events: () => Array.from({ length: count }, (_, index) => eventAt(index)),
    canned: { GetItem: table(row), TransactWriteItems: {}, GetSecretValue: secrets },
    calls: ['GetItem', 'TransactWriteItems'],
  };
}

/** A directory reads one of its users. */
export function provisioned(): Subject {
  const document = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: userId, active: true };
  const id = 'a'.repeat(43);
  const resource = { id, document, revision: 1, createdAtMs: 1, changedAtMs: 1, userId, groups: {} };
  const request: SampleRequest = {
    routeKey: 'GET /scim/v2/{source}/{resource+}',
    path: `/scim/v2/directory/Users/${id}`,
    parameters: { source: 'directory', resource: `Users/${id}` },
    headers: { host: 'api.sample.test', authorization: `Bearer ${secretOf('directory')}` },
  };
  return {
    events: () => [gatewayEvent(request)],
    canned: { GetItem: { Item: marshall(resource) }, GetSecretValue: secrets },
    calls: ['GetItem'],
  };
}

const secrets = {
  SecretString: JSON.stringify({ portal: [secretOf('portal')], directory: [secretOf('directory')] }),
};

/** What the baselines are asked: the same body, the same key. */
export const plainEvent = {
  ...gatewayEvent({ routeKey: 'POST /v1/identity', claims, body: { page: 'x'.repeat(280) } }),
  key: `user#${userId}`,
};

export const functionEnv = {
  LINKS_TABLE: 'Links',
  BROADCASTS_TABLE: 'Broadcasts',
  MAIAGENT_BASE_URL: 'https://api.maiagent.ai',
  MAIAGENT_API_PREFIX: '/api/v1',
  MAIAGENT_INBOX_ID: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01',
  MAIAGENT_API_KEY_SECRET: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:key-abcdef',
  VISITOR_SIGNING_SECRET: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:visitors-abcdef',
  SOURCE_SECRETS: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:sources-abcdef',
};
