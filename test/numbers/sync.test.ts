import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Link } from '../../functions/rules/contacts/link.ts';
import { Measured, reply } from './measured.ts';

let measured: Measured;
let people = 0;
beforeAll(async () => {
  measured = await Measured.start({ auditDays: 1 });
});
afterAll(() => measured.close());
afterEach(() => measured.forget());

const link = async (userId: string) => (await measured.row(`user#${userId}`)) as Link | undefined;
/** A user whom the store has announced, and whose contact MaiAgent shall have. */
async function announced(): Promise<string> {
  const userId = `person-${(people += 1)}`;
  await measured.webhook({ userId, version: 1, name: 'Sample' });
  return userId;
}
/** Everything that is due is done. */
async function settle(): Promise<void> {
  measured.forget();
  while ((await measured.table.rows()).some(({ dueAt }) => dueAt !== undefined)) {
    measured.pass(300_000);
    await measured.sync();
  }
  measured.forget();
}

describe('the numbers of sync', () => {
  it('a link that fails is tried again after 2 s at most, twice as long each time, up to 5 min', async () => {
    const userId = await announced();
    measured.instead = () => reply(422);
    const pauses: number[] = [];
    for (let tries = 0; tries < 9; tries += 1) {
      await measured.sync();
      pauses.push(measured.ahead((await link(userId))?.dueAt));
      measured.pass(pauses.at(-1) ?? 0);
    }
    expect(pauses).toEqual([60_000, 60_000, 60_000, 60_000, 60_000, 64_000, 128_000, 256_000, 300_000]);
    await settle();
  });

  it('a link counts as stuck from its seventeenth failure on', async () => {
    const userId = await announced();
    measured.instead = () => reply(422);
    for (let tries = 1; tries <= 16; tries += 1) {
      await measured.sync();
      measured.pass(300_000);
    }
    expect([(await link(userId))?.attempts, measured.counted('StuckLinks')]).toEqual([16, []]);
    await measured.sync();
    expect(measured.counted('StuckLinks')).toEqual([1]);
    await settle();
  });

  it('a link is left alone for 5 s after a 429 that names no pause', async () => {
    await announced();
    await announced();
    const asked: number[] = [];
    measured.instead = () => reply(429);
    await measured.sync();
    asked.push(measured.sent.length);
    measured.instead = undefined;
    measured.pass(4_999);
    await measured.sync();
    asked.push(measured.sent.length);
    measured.pass(1);
    await measured.sync();
    // Those two at most, and the question for whom the pause is.
    expect(asked[0]).toBeLessThanOrEqual(3);
    expect(asked[1]).toBe(asked[0]);
    expect(measured.sent.length).toBeGreaterThan(asked[0] ?? 0);
    await settle();
  });

  it('a sweep takes up no link after 40 s', async () => {
    for (let count = 0; count < 24; count += 1) await announced();
    measured.instead = () => {
      measured.pass(2_000);
      return undefined;
    };
    await measured.sync();
    const begun = measured.sent
      .filter(({ method }) => method === 'GET')
      .map(({ at }) => at - (measured.sent[0]?.at ?? 0));
    // What was taken up is carried out, so that the clock goes on for the requests that are under way.
    expect(begun.length).toBeLessThan(24);
    expect(Math.max(...begun)).toBeGreaterThan(30_000);
    expect(Math.max(...begun)).toBeLessThanOrEqual(40_000 + 8 * 2_000);
    await settle();
  });

  it('an audit reads every contact once in its days, a share in each hour', async () => {
    const users = [await announced(), await announced(), await announced()];
    await settle();
    const ids = (await Promise.all(users.map(link))).map((one) => one?.contactId);
    const read = new Map<string, number>();
    for (let hour = 0; hour < 24; hour += 1) {
      await measured.sync({ audit: true });
      measured.pass(3_600_000);
    }
    for (const { url } of measured.sent) read.set(url.pathname, (read.get(url.pathname) ?? 0) + 1);
    expect(ids.map((id) => read.get(`/api/v1/contacts/${id}/`))).toEqual([1, 1, 1]);
  });

  it('an audit leaves a link alone while somebody has its lease', async () => {
    const userId = await announced();
    await settle();
    const before = await link(userId);
    if (!before) throw new Error('the link is there');
    const lease = { owner: 'another', untilMs: measured.now() + 25 * 3_600_000, sendUntil: 0 };
    expect(await measured.deps.links.acquire(before, lease)).toHaveProperty('acquired');
    const reads = () => measured.sent.filter(({ url }) => url.pathname.includes(before.contactId ?? '-')).length;
    for (let hour = 0; hour < 24; hour += 1) {
      await measured.sync({ audit: true });
      measured.pass(3_600_000);
    }
    expect(reads()).toBe(0);
    measured.pass(3_600_000);
    for (let hour = 0; hour < 24; hour += 1) {
      await measured.sync({ audit: true });
      measured.pass(3_600_000);
    }
    // The contact, and whether it has a conversation.
    expect(reads()).toBe(2);
  });
});
