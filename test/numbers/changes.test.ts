import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Measured } from './measured.ts';

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

describe('the numbers of changes', () => {
  it('a receipt is kept for 8 days', async () => {
    await measured.webhook({ userId, version: 1 }, { id: 'kept' });
    const days = 8 * 86_400;
    expect((await measured.row('event#generic#kept'))?.['expiresAt']).toBe(Math.floor(measured.now() / 1_000) + days);
  });

  it.each([300_000, -300_000])('a webhook is signed at most 5 min ago or ahead: %i ms', async (ms) => {
    const answer = (by: number) => measured.webhook({ userId, version: 1 }, { atMs: measured.now() + by });
    expect((await answer(ms + Math.sign(ms) * 1_000)).status).toBe(401);
    expect((await answer(ms)).status).toBe(202);
  });

  it('a version is at most 5 min ahead', async () => {
    const sent = async (ms: number) =>
      (await measured.webhook({ userId, version: new Date(measured.now() + ms).toISOString() })).body.status;
    expect([await sent(300_001), await sent(300_000)]).toEqual(['quarantined', 'accepted']);
  });
});
