import { expect, it } from 'vitest';
import type { HttpRequest } from '../../../functions/io/https.ts';
import { paced } from '../../../functions/io/maiagent/pace.ts';

it('a request whose time was over while it waited for its place, because the process was frozen, has none left', async () => {
  let [elapsedMs, frozenMs] = [0, 0];
  const timeLeft: number[] = [];
  const sleep = async (ms: number) => void (elapsedMs += ms + frozenMs);
  const clock = { now: () => elapsedMs, elapsed: () => elapsedMs, sleep };
  const pace = paced(async ({ timeoutMs }) => (timeLeft.push(timeoutMs), { kind: 'not-sent' }), 1_000, clock);
  const request: HttpRequest = { method: 'GET', url: new URL('http://localhost'), headers: {}, timeoutMs: 10_000 };
  for (frozenMs of [0, 0, 60_000]) await pace.send(request);
  expect(timeLeft).toEqual([10_000, 9_000, -51_000]);
});
