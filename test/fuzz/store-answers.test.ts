import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceSchema, sourceOfBus, readDelivery, type EventSource } from '../../functions/rules/sources/source.ts';
import { storeApiOf } from '../../functions/rules/stores/read-sources.ts';
import type { StoreApi } from '../../functions/rules/stores/store-api.ts';
import { changeOf } from '../../functions/rules/stores/user-reading.ts';
import { hostileJson, inTime, tries, twisted } from './hostile.ts';

const userId = '00000000-0000-4000-8000-000000000001';
const userPoolId = 'eu-west-1_Sample000';
const bus = 'aws.partner/auth0.com/corp/auth0.events';
const sources = [
  {
    kind: 'keycloak',
    proof: { mode: 'hmac' },
    read: { issuer: 'https://sso.corp.example/realms/corp', clientId: 'bridge', clients: { app: 'app-uuid' } },
  },
  { kind: 'auth0', bus, read: { domain: 'https://corp.eu.auth0.com', clientId: 'bridge', organizations: true } },
  { kind: 'workos', users: 'workos', read: {} },
  { kind: 'workos', users: 'directory', read: { directory: 'directory_sample' } },
  { kind: 'cognito', read: { userPoolId } },
].map((one) => sourceSchema.parse({ name: 'staff', ...one }));

/** Answers that each store would understand, in one. */
const good = {
  id: userId,
  user_id: userId,
  enabled: true,
  state: 'active',
  Username: userId,
  Enabled: true,
  UserAttributes: [{ Name: 'sub', Value: userId }],
  Groups: [{ GroupName: 'staff' }],
  Users: [],
  data: [{ id: 'om_1', user_id: userId, status: 'active', name: 'staff', role: { slug: 'member' } }],
  list_metadata: { after: null },
};
const list = [{ id: 'role-1', name: 'staff', path: '/staff' }];
const bodies = fc.oneof(
  hostileJson,
  twisted(good),
  twisted(list),
  fc.constant(good),
  fc.constant(list),
  fc.constant(undefined),
);
const answers = fc.array(fc.record({ status: fc.constantFrom(200, 200, 200, 400, 404, 500), body: bodies }), {
  minLength: 1,
  maxLength: 12,
});

/** Holds the dialogue with these answers, the last of them for ever; what it asks must be for this store. */
function held(dialogue: ReturnType<StoreApi['read']>, given: readonly { status: number; body: unknown }[]) {
  const origins = new Set<string>();
  let step = dialogue.next();
  for (let asked = 0; step.done !== true; asked += 1) {
    expect(asked).toBeLessThan(40);
    origins.add(new URL(step.value.url).origin);
    step = dialogue.next(given[Math.min(asked, given.length - 1)] ?? { status: 500, body: undefined });
  }
  expect(origins.size).toBe(1);
  return step.value;
}

describe('whatever a store answers', () => {
  it.each(sources.map((source) => [`${source.kind} ${'users' in source ? source.users : ''}`, source] as const))(
    'of %s is a reading of that user, or none',
    (_, source) => {
      const api = storeApiOf(source)!;
      fc.assert(
        fc.property(answers, (given) => {
          const reading = held(api.read(userId), given);
          expect(['found', 'missing', 'failed']).toContain(reading.kind);
          if (reading.kind === 'failed') return;
          if (reading.kind === 'found') {
            const { id, user_id, sub } = reading.record;
            expect([id, user_id, sub]).toContain(userId);
          }
          expect(changeOf(source, reading, undefined).version).toMatch(/^t01/);
        }),
        tries(200),
      );
    },
    inTime.timeout,
  );

  it(
    'of EventBridge is an event or none, and throws nothing',
    () => {
      const events = fc.oneof(
        hostileJson,
        twisted({
          'detail-type': 'x',
          source: 'aws.cognito-idp',
          detail: {
            eventName: 'AdminDisableUser',
            requestParameters: { userPoolId },
            additionalEventData: { sub: userId },
          },
        }),
        twisted({
          'detail-type': 'x',
          source: bus,
          detail: { type: 'user.updated', data: { object: { user_id: userId } } },
        }),
      );
      fc.assert(
        fc.property(events, (event) => {
          const body = Buffer.from(JSON.stringify(event) ?? '');
          const source = sourceOfBus(sources, body) ?? (sources[4] as EventSource);
          const read = readDelivery(source, { body, key: 'eventbridge', readAtMs: Date.parse('2026-11-20T10:00:00Z') });
          expect(['change', 'nothing', 'unreadable']).toContain(read.kind);
        }),
        tries(300),
      );
    },
    inTime.timeout,
  );
});
