import { expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { StoreClient } from '../../functions/io/stores/store-client.ts';
import { cognitoApi } from '../../functions/rules/stores/cognito-api.ts';
import type { StoreApi } from '../../functions/rules/stores/store-api.ts';

const ask = { url: 'http://127.0.0.1:9/' };
const api: StoreApi = {
  access: { kind: 'key' },
  *read() {
    yield ask;
    yield ask;
    return { kind: 'missing' };
  },
};

it.each([
  ['the reading that used its time up', 10_000, false],
  ['a store that is away', 0, true],
])('says of %s whether everybody else would fail too', async (_, tookMs, isOutage) => {
  let elapsed = 0;
  let asked = 0;
  const live = httpSender();
  const send: HttpSend = (request) => {
    asked += 1;
    if (asked > 1) return live(request);
    elapsed += tookMs;
    return Promise.resolve({ kind: 'reply', status: 200, headers: {}, body: '{}' });
  };
  const clock = { now: () => elapsed, elapsed: () => elapsed, sleep: () => Promise.resolve() };
  const client = new StoreClient(api, {
    secrets: () => Promise.resolve(['a sample secret']),
    send,
    sign: () => Promise.reject(new Error('nothing is signed')),
    clock,
  });
  expect(await client.read('a')).toMatchObject({ kind: 'failed', code: 'unreachable', isOutage });
});

it('finds a Cognito user by the `sub` where somebody else has it as a username', () => {
  const [sub, other] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
  const user = (id: string) => [{ Name: 'sub', Value: id }];
  const reading = cognitoApi({ userPoolId: 'eu-west-1_Sample000' } as Parameters<typeof cognitoApi>[0]).read(sub);
  reading.next();
  const asked = reading.next({
    status: 200,
    body: { Username: sub, Enabled: true, UserAttributes: user(other) },
  });
  expect(asked.value).toMatchObject({ body: expect.stringContaining(`sub = \\"${sub}\\"`) });
  reading.next({ status: 200, body: { Users: [{ Username: 'carol', Enabled: true, Attributes: user(sub) }] } });
  const { value } = reading.next({ status: 200, body: { Groups: [] } });
  expect(value).toMatchObject({ kind: 'found', record: { sub }, status: 'active' });
});
