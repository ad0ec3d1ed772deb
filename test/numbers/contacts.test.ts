import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Measured, reply } from './measured.ts';

let measured: Measured;
let people = 0;
let userId = '';
beforeAll(async () => {
  measured = await Measured.start();
});
afterAll(() => measured.close());
beforeEach(() => {
  userId = `person-${(people += 1)}`;
  measured.forget();
});

const calls = (method: string) => measured.sent.filter((one) => one.method === method);
const noReplyToCreate = () => {
  measured.instead = ({ method }) => (method === 'POST' ? { kind: 'reply-lost' } : undefined);
};

/** Another caller has taken the lease of a new user, some time ago, and is sending. */
async function underWay(sinceMs = 0): Promise<void> {
  userId += '-served';
  measured.instead = () => new Promise(() => undefined);
  void measured.signIn(userId);
  while (measured.sent.length === 0) await new Promise(setImmediate);
  measured.forget();
  measured.pass(sinceMs);
}

describe('the numbers of a sign-in', () => {
  it.each<[what: string, is: unknown, observed: () => Promise<unknown>]>([
    [
      'a call of MaiAgent may take 10 s, and all of one sign-in 12 s',
      [10_000, 2_000],
      async () => {
        await measured.signIn(userId, { roles: ['staff'] });
        measured.forget();
        measured.instead = measured.silent;
        await measured.signIn(userId, { roles: [] });
        return measured.sent.map(({ timeoutMs }) => timeoutMs);
      },
    ],
    [
      'a lease lasts 90 s',
      90_000,
      async () => {
        noReplyToCreate();
        const from = measured.now();
        await measured.signIn(userId);
        return Number((await measured.row(`user#${userId}`))?.['leaseUntil']) - from;
      },
    ],
    [
      'a change of a name delays the answer by 3 s',
      [3_000, 200],
      async () => {
        await measured.signIn(userId);
        measured.forget();
        measured.instead = measured.silent;
        const from = measured.elapsed();
        const { status } = await measured.signIn(userId, { name: 'Another' });
        return [measured.elapsed() - from, status];
      },
    ],
    [
      'an update is repeated where more than 1 s is left for it',
      [1, 2],
      async () => {
        const tries: number[] = [];
        for (const leftMs of [1_000, 1_001]) {
          measured.instead = undefined;
          await measured.signIn(`${userId}-${leftMs}`, { roles: ['staff'] });
          measured.forget();
          measured.instead = () => {
            measured.pass(12_000 - leftMs);
            return { kind: 'reply-lost' };
          };
          await measured.signIn(`${userId}-${leftMs}`, { roles: [] });
          tries.push(measured.sent.length);
        }
        return tries;
      },
    ],
    [
      'a create without answer is looked for at once and for 2.5 s, every 250 ms; then the caller comes back in 2 s',
      { looks: 10, everyMs: [250], status: 202, retryAfter: '2' },
      async () => {
        noReplyToCreate();
        const { status, headers } = await measured.signIn(userId);
        const everyMs = [...new Set(measured.sleeps)];
        return { looks: calls('GET').length - 1, everyMs, status, retryAfter: headers['retry-after'] };
      },
    ],
    [
      'another caller is waited for for 2.5 s, in growing steps up to 500 ms; then the caller comes back in 2 s',
      [[40, 80, 160, 320, 500, 500, 500, 500], 202, '2'],
      async () => {
        await underWay();
        const { status, headers } = await measured.signIn(userId);
        return [measured.sleeps, status, headers['retry-after']];
      },
    ],
    [
      'the contact of another caller is looked for when the lease is 3 s old',
      [0, 1],
      async () => {
        const looks: number[] = [];
        // The lease is looked at for the last time after waits of 2.1 s.
        for (const sinceMs of [899, 900]) {
          await underWay(sinceMs);
          await measured.signIn(userId);
          looks.push(calls('GET').length);
        }
        return looks;
      },
    ],
    [
      'that look may take 3 s',
      3_000,
      async () => {
        await underWay(3_000);
        await measured.signIn(userId);
        return measured.sent[0]?.timeoutMs;
      },
    ],
    [
      'a search asks for pages of 100, and reads 500 of them at most',
      ['100', 500],
      async () => {
        let page = 1;
        measured.instead = () => {
          const next = `https://api.maiagent.ai/api/v1/contacts/?page=${(page += 1)}`;
          return reply(200, undefined, { count: 99_999, next, previous: null, results: [] });
        };
        await measured.signIn(userId);
        return [measured.sent[0]?.url.searchParams.get('pageSize'), calls('GET').length];
      },
    ],
  ])('%s', async (_, is, observed) => {
    expect(await observed()).toEqual(is);
  });

  it.each<[what: string, status: number | undefined, header: string | undefined, code: string, retryAfter: string]>([
    ['cannot be reached', undefined, undefined, 'maiagent_unreachable', '5'],
    ['refuses the key', 403, undefined, 'maiagent_refused_key', '60'],
    ['knows no such address', 404, undefined, 'maiagent_refused_contact', '60'],
    ['refuses the contact', 422, undefined, 'maiagent_refused_contact', '60'],
    ['asks for a pause', 429, undefined, 'maiagent_busy', '5'],
    ['asks for a pause of a length', 429, '17', 'maiagent_busy', '17'],
    ['says nothing of use', 500, undefined, 'maiagent_unclear', '2'],
  ])('a caller comes back, where MaiAgent %s, after as many seconds', async (_, status, header, code, retryAfter) => {
    measured.instead = () => (status === undefined ? { kind: 'not-sent' } : reply(status, header));
    const answer = await measured.signIn(userId);
    expect([answer.body.code, answer.headers['retry-after']]).toEqual([code, retryAfter]);
  });
});

describe('the numbers of visitors', () => {
  const visit = (body: object = {}) => measured.ask('POST /v1/visitors', { body });

  it('1,000 may come in an hour, and the next one comes back when it is over, in whole seconds', async () => {
    const { table, settings } = measured;
    expect(settings.visitorsPerHour).toBe(1_000);
    measured.pass(500);
    const hour = new Date(measured.now()).toISOString().slice(0, 13);
    await visit();
    const row = (await table.rows()).find(({ pk }) => pk.includes(hour));
    expect(row).toMatchObject({ created: 1, expiresAt: Math.floor(measured.now() / 1_000) + 7_200 });
    const none = await Measured.start({ visitorsPerHour: 0 });
    none.pass(500);
    const answer = await none.ask('POST /v1/visitors', { body: {} });
    // Half past nine and half a second: 1,799.5 s are left.
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1800']);
    await none.close();
  });

  it('a visitor may stay away for 180 days', async () => {
    const { visitorToken } = (await visit()).body;
    measured.pass(180 * 86_400_000 - 1_000);
    expect((await visit({ visitorToken })).status).toBe(200);
    measured.pass(1_000);
    expect(await visit({ visitorToken })).toMatchObject({ status: 401, body: { code: 'visitor_token_invalid' } });
  });
});
