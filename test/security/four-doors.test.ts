import { createHmac } from 'node:crypto';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Context, DynamoDBRecord } from 'aws-lambda';
import { beforeAll, describe, expect, it } from 'vitest';
import { policyOf } from '../../functions/env.ts';
import type { HttpHandler } from '../../functions/http.ts';
import { identify } from '../../functions/identify.ts';
import { DynamoIntake } from '../../functions/io/aws/intake.ts';
import { DynamoQuarantine } from '../../functions/io/aws/quarantine.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { DynamoDueReads } from '../../functions/io/stores/due-reads.ts';
import { DynamoFullReads } from '../../functions/io/stores/full-reads.ts';
import { visitorTokens } from '../../functions/io/visitor-token.ts';
import { believed } from '../../functions/rules/contacts/believe.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import { parseExactly } from '../../functions/rules/exact-json.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { userChanged } from '../../functions/user-changed.ts';
import { streamArn } from '../rigs/change-rig.ts';
import { call, claimsAsTexts, type SampleAnswer } from '../rigs/gateway-event.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import { sized } from '../scope.ts';
import { hostileInputs, type HostileInput, type InputField } from './hostile-inputs.ts';

const attributes = { department: 'department' };
const settings = {
  ...sampleSettings,
  claims: { ...sampleSettings.claims, attributes },
  sources: [
    sourceSchema.parse({
      kind: 'generic',
      name: 'generic',
      fields: { attributes: { department: 'attributes.department' } },
    }),
    sourceSchema.parse({
      kind: 'table',
      name: 'users',
      streamArn,
      version: { path: 'version', counts: 'sequence' },
      status: { path: 'status', active: ['active'] },
      fields: { attributes },
    }),
  ],
};

const secret = Buffer.alloc(32, 'a sample secret');
const bridge = new QuickBridge({}, settings);
beforeAll(() => bridge.start());

const secretOf = (text: string) => cachedSecret(() => Promise.resolve(text), bridge.clock.now);
const { client } = bridge.database;
const deps = {
  ...bridge.deps(),
  settings: bridge.settings,
  intake: new DynamoIntake(client, 'Links', bridge.clock),
  quarantine: new DynamoQuarantine(client, 'Links', bridge.clock),
  reads: new DynamoDueReads(client, 'Links', bridge.clock),
  fullReads: new DynamoFullReads(client, 'Links', bridge.clock),
  pages: new DynamoEvaluations(client, 'Links'),
  storeOf: () => undefined,
  secrets: secretOf(JSON.stringify({ generic: [`whsec_${secret.toString('base64')}`] })),
  keys: { read: () => Promise.reject(new Error('no source here has keys')) },
  tokens: visitorTokens(secretOf('a sample signing secret of enough length'), bridge.clock),
  loader: () => undefined,
};
const signIns = identify(deps);
const changes = userChanged(deps);
const linkOf = (userId: string) => deps.links.read(`user#${userId}`);

type Standing = 'active' | 'disabled';
/** Tells of one user what the input says, and of everything else as little as the door allows. */
type Door = (userId: string, input: HostileInput, status: Standing) => Promise<SampleAnswer | undefined>;

const claimOf = (field: InputField) => ({ phoneNumber: 'phone_number', avatar: 'picture' })[field as string] ?? field;
const member = ({ field, json }: HostileInput): string =>
  field === 'department' ? `"attributes":{"department":${json}}` : `"${field}":${json}`;

const token: Door = (userId, { field, json }) => {
  const payload = `{"iss":"https://issuer.example","iat":1760000000,"exp":4000000000,"sub":"${userId}","${claimOf(field)}":${json}}`;
  const claims = JSON.parse(payload) as Record<string, unknown>;
  const authorization = `Bearer e30.${Buffer.from(payload).toString('base64url')}.c2ln`;
  const authorizer = { jwt: { claims: claimsAsTexts(claims), scopes: [] } };
  return call(signIns, { routeKey: 'POST /v1/identity', authorizer, headers: { authorization }, body: {} });
};
const put: Door = (userId, input, status) =>
  call(signIns, {
    routeKey: 'PUT /v1/users/{userId}',
    claims: { sub: 'back-end' },
    parameters: { userId },
    rawBody: `{"version":1,"status":"${status}",${member(input)}}`,
  });
let events = 0;
const webhook: Door = (userId, input, status) => {
  const rawBody = `{"type":"user.updated","timestamp":"2026-01-01T00:00:00Z","data":{"userId":"${userId}","version":1,"status":"${status}",${member(input)}}}`;
  const id = `event-${(events += 1)}`;
  const at = String(Math.floor(bridge.clock.now() / 1_000));
  const mac = createHmac('sha256', secret).update(`${id}.${at}.${rawBody}`).digest('base64');
  return call((event) => changes(event, context) as ReturnType<HttpHandler>, {
    routeKey: 'POST /v1/webhooks/{source}',
    parameters: { source: 'generic' },
    rawBody,
    headers: { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${mac}` },
  });
};
const table: Door = async (userId, { field, json }, status) => {
  const item = { userId, version: 1, status, [field]: parseExactly(json) };
  const dynamodb = {
    Keys: marshall({ userId }),
    NewImage: marshall(item, { convertClassInstanceToMap: true }),
    SequenceNumber: String(100_000_000_000_000_000_000n + BigInt((events += 1))),
  } as DynamoDBRecord['dynamodb'];
  const record = {
    eventID: `record-${events}`,
    eventName: 'MODIFY',
    eventSource: 'aws:dynamodb',
    eventSourceARN: streamArn,
    dynamodb,
  };
  expect(await changes({ Records: [record as DynamoDBRecord] }, context)).toEqual({ batchItemFailures: [] });
  return undefined;
};
const context = { awsRequestId: 'sample' } as Context;
const stores = { webhook, table, put };
const doors = { token, ...stores };

/** What is desired of the contact: what people see, and what it may do. */
const meaningOf = ({ desired, accountStatus }: Link) => ({ accountStatus, desired });

const title = ({ field, json }: HostileInput): string => `${field}: ${json.slice(0, 60)}`;
const ONE_IN = sized({ test: 2, prove: 1, long: 1 });
const all = hostileInputs.map((input, index) => [title(input), input, index] as const);
const cases = all.filter((_, index) => index % ONE_IN === 0);

describe('every hostile or unusual input', () => {
  it('is one of at least sixty', () => {
    expect(new Set(hostileInputs.map(title)).size).toBeGreaterThan(60);
  });

  it.each(cases)('keeps no disable from counting (%s)', async (_, input, index) => {
    for (const [name, send] of Object.entries(stores)) {
      const userId = `${name}-${index}`;
      const answer = await send(userId, input, 'disabled');
      expect([name, answer?.status ?? 202]).toEqual([name, name === 'put' ? 200 : 202]);
      expect([name, (await linkOf(userId))?.accountStatus]).toEqual([name, 'disabled']);
    }
  });

  it.each(cases)('means the same through every door (%s)', async (_, input, index) => {
    const meanings = new Map<string, ReturnType<typeof meaningOf>>();
    let isUnknown: boolean | undefined;
    let isRefused = false;
    for (const [name, send] of Object.entries(doors)) {
      const userId = `active-${name}-${index}`;
      const answer = await send(userId, input, 'active');
      expect([name, answer?.status]).not.toEqual([name, 500]);
      const link = await linkOf(userId);
      // The back end is told at once, and can send what was meant.
      if (name === 'put' && answer?.status === 400) isRefused = true;
      else {
        expect([name, link?.accountStatus]).toEqual([name, 'active']);
        meanings.set(name, meaningOf(link!));
        if (name !== 'put') isUnknown = isUnknownIn(link!, input.field);
      }
      if (isRefused) expect([answer?.body.code, link]).toEqual(['body_invalid', undefined]);
    }
    expect([...meanings.values()]).toEqual([...meanings.values()].map(() => meanings.get('token')));
    expect(isRefused).toBe(isUnknown);
  });
});

function isUnknownIn({ reports }: Link, field: InputField): boolean {
  const key = field === 'department' ? '@department' : field;
  return believed(key, reports, policyOf(settings).witnesses).kind === 'unknown';
}
