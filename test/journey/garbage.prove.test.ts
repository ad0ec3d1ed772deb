import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { callDynamoDb } from '../../local/runner/dynamodb-api.ts';
import { sized } from '../scope.ts';

/** Requests of strangers in all, from so many who each wait for their answer. */
const GARBAGE = sized({ test: 200, prove: 2_000, long: 50_000 });
const STRANGERS = 4;
const MEMBERS = 5;

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge({ port: 0, quiet: true });
});
afterAll(() => bridge.close());

const json = { 'content-type': 'application/json' };
const foreignToken = `${[{ alg: 'RS256', kid: 'x' }, { sub: 'person-0' }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.AAAA`;

/** Ten ways to come with nothing that proves anything, and what each is answered. */
const kinds: readonly (readonly [path: string, init: RequestInit, statuses: readonly number[]])[] = [
  ['/v1/identity', { method: 'POST', headers: json, body: '{}' }, [401]],
  [
    '/v1/identity',
    { method: 'POST', headers: { ...json, authorization: `Bearer ${foreignToken}` }, body: '{}' },
    [401],
  ],
  ['/v1/visitors', { method: 'POST', headers: json, body: JSON.stringify({ visitorToken: foreignToken }) }, [401]],
  ['/v1/visitors', { method: 'POST', headers: json, body: '{"visitorToken":' }, [400]],
  ['/v1/webhooks/generic', { method: 'POST', headers: json, body: '{"type":"user.deleted"}' }, [401]],
  ['/v1/webhooks/generic', { method: 'POST', headers: json, body: 'x'.repeat(200_000) }, [401]],
  ['/v1/webhooks/nowhere', { method: 'POST', headers: json, body: '{}' }, [404]],
  ['/v1/users/person-0', { headers: { 'user-id': 'person-0' } }, [401]],
  ['/nothing/here', {}, [404]],
  ['/v1/identity', { method: 'OPTIONS', headers: { origin: 'https://stranger.example' } }, [204]],
];

async function signIn(userId: string): Promise<string> {
  const token = await bridge.token(userId, { claims: { name: 'Sample', roles: ['staff'] } });
  const headers = { ...json, authorization: `Bearer ${token}` };
  const response = await fetch(`${bridge.url}/v1/identity`, { method: 'POST', headers, body: '{}' });
  return `${response.status} ${((await response.json()) as { outcome?: string }).outcome}`;
}

/** How far the settings have reached the links is moved by the sweeps of a long run, and is about nobody. */
async function rowCount(): Promise<unknown> {
  const scan = {
    TableName: bridge.tableName,
    Select: 'COUNT',
    ConsistentRead: true,
    FilterExpression: 'NOT begins_with(pk, :evaluation)',
    ExpressionAttributeValues: { ':evaluation': { S: 'evaluation#' } },
  };
  return (await callDynamoDb(bridge.dynamoDbEndpoint, 'DynamoDB_20120810.Scan', scan))['Count'];
}

describe('garbage of ten kinds', () => {
  it(
    'is refused each time, writes nothing, asks MaiAgent nothing, and leaves sign-ins as they were',
    { timeout: 900_000 },
    async () => {
      for (let n = 0; n < MEMBERS; n += 1) await signIn(`person-${n}`);
      const before = { rows: await rowCount(), calls: bridge.emulator?.calls.length };
      const surprises: string[] = [];
      const flooding = { left: GARBAGE };
      const strangers = Array.from({ length: STRANGERS }, async () => {
        for (let n = flooding.left--; n > 0; n = flooding.left--) {
          const [path, init, statuses] = kinds[n % kinds.length]!;
          const { status } = await fetch(`${bridge.url}${path}`, init);
          // The gateway's own limit of a route is the answer that costs the least.
          if (!statuses.includes(status) && status !== 429)
            surprises.push(`${init.method ?? 'GET'} ${path}: ${status}`);
        }
      });
      const seen = new Map<string, number>();
      for (let n = 0; flooding.left > 0; n += 1) {
        const answer = await signIn(`person-${n % MEMBERS}`);
        seen.set(answer, (seen.get(answer) ?? 0) + 1);
      }
      await Promise.all(strangers);
      expect(surprises).toEqual([]);
      expect([...seen.keys()]).toEqual(['200 unchanged']);
      expect({ rows: await rowCount(), calls: bridge.emulator?.calls.length }).toEqual(before);
    },
  );
});
