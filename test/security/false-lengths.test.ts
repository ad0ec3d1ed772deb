import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

let real: RealDeps;
let rig: ChangeRig;
let people = 0;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());

/** Neither a text nor a list, with a `length` of its own that cannot be compared with a number. */
const falseLength = { length: { toString: null } };
const nextUser = (): string => `person-${(people += 1)}`;
const fields = ['name', 'email', 'phoneNumber', 'avatar', 'roles', 'groups', 'attributes'];
const within = (value: unknown) => [value, [value], { department: value }];

describe('a value with a length that is no number', () => {
  it.each(['name', 'email', 'phone_number', 'picture', 'roles', 'groups', 'department', 'updated_at'])(
    'in the claim %s of a token leaves the field empty, and the person signs in',
    async (claim) => {
      for (const value of within(falseLength)) {
        const claims = { sub: nextUser(), [claim]: value };
        const answer = await call(real.job(), { routeKey: 'POST /v1/identity', claims, body: {} });
        expect(answer).toMatchObject({ status: 200, body: { outcome: 'created' } });
      }
    },
  );

  it('as the id in a token is refused as no user', async () => {
    const answer = await call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub: falseLength }, body: {} });
    expect(answer).toMatchObject({ status: 403, body: { code: 'token_without_user' } });
  });

  it.each(['roles', 'groups', 'attributes', 'version', 'status', 'create'])(
    'in the field %s of a PUT is refused',
    async (field) => {
      for (const value of within(falseLength)) {
        const answer = await call(real.job(), {
          routeKey: 'PUT /v1/users/{userId}',
          claims: { sub: 'back-end' },
          parameters: { userId: nextUser() },
          body: { [field]: value },
        });
        expect(answer).toMatchObject({ status: 400, body: { code: 'body_invalid' } });
      }
    },
  );

  it.each(['name', 'email', 'phoneNumber', 'avatar'])(
    'in the field %s of a PUT leaves the field empty, and the disable counts',
    async (field) => {
      for (const value of within(falseLength)) {
        const userId = nextUser();
        const answer = await call(real.job(), {
          routeKey: 'PUT /v1/users/{userId}',
          claims: { sub: 'back-end' },
          parameters: { userId },
          body: { status: 'disabled', [field]: value },
        });
        expect(answer).toMatchObject({ status: 200, body: { outcome: 'disabled' } });
        expect(await rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
      }
    },
  );

  it('in the body of a sign-in or a visit is refused', async () => {
    for (const routeKey of ['POST /v1/identity', 'POST /v1/visitors']) {
      const body = { visitorToken: falseLength };
      const answer = await call(real.job(), { routeKey, claims: { sub: nextUser() }, body });
      expect(answer).toMatchObject({ status: 400, body: { code: 'body_invalid' } });
    }
  });

  it.each(fields)(
    'in the field %s of a proven webhook leaves the field empty, and the disable counts',
    async (field) => {
      for (const value of within(falseLength)) {
        const userId = nextUser();
        const sent = event('updated', userId, 1, { status: 'disabled', [field]: value });
        expect(await rig.webhook(sent)).toMatchObject({ status: 202, body: { status: 'accepted' } });
        expect(await rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
      }
    },
  );

  it.each(['userId', 'version', 'status'])('as the %s of a proven webhook is quarantined', async (field) => {
    for (const value of within(falseLength)) {
      const sent = event('updated', nextUser(), 1, { [field]: value });
      expect(await rig.webhook(sent)).toMatchObject({ status: 202, body: { status: 'quarantined' } });
    }
  });

  it.each(['name', 'email', 'roles', 'attributes'])(
    'in the column %s of a user table leaves the field empty, and the row counts',
    async (field) => {
      for (const value of within({ length: { toString: 'none' } })) {
        const userId = nextUser();
        const row = { userId, version: 1, status: 'inactive', [field]: value };
        expect(await rig.record('INSERT', row)).toEqual({ batchItemFailures: [] });
        expect(await rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
      }
    },
  );
});
