import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  broadcastId,
  previewOf,
  run,
  runOf,
  showRoute,
  startBroadcastStub,
  viewOf,
  type StubApi,
} from './broadcast-stub.ts';

let stub: StubApi;
beforeAll(async () => {
  stub = await startBroadcastStub();
});
afterAll(() => stub.close());
beforeEach(() => {
  stub.forget();
  stub.answer('POST /v1/broadcasts/preview', { body: previewOf() });
  stub.answer('POST /v1/broadcasts', { status: 201, body: viewOf({ state: 'accepted' }) });
});

const cli = (...args: string[]) => run(['broadcast', ...args, '--json', '--local', stub.url]);
const toOne = ['--message', 'We open at nine.', '--user', 'member-1'];

it('a preview and a broadcast that was sent are what the API answers, and the rest is for people', async () => {
  expect(JSON.parse((await cli('preview', ...toOne)).out)).toEqual(previewOf());
  const { out, err } = await cli('send', ...toOne);
  expect(JSON.parse(out)).toEqual(viewOf({ state: 'accepted' }));
  expect(err).toMatch(/^gets it +1 of 2\n[^]*with --key /);
});

it('a list, a broadcast and a cancelled one are too', async () => {
  const { audience: _, runs: __, ...listed } = viewOf() as Record<string, unknown>;
  stub.answer('GET /v1/broadcasts', { body: { broadcasts: [listed, listed], next: null } });
  expect(JSON.parse((await cli('list')).out)).toEqual({ broadcasts: [listed, listed] });
  const cut = await cli('list', '--max', '1');
  expect(JSON.parse(cut.out)).toEqual({ broadcasts: [listed] });
  expect(cut.err).toContain('stopped after 1');
  stub.answer(showRoute, { body: viewOf() });
  expect(JSON.parse((await cli('show', broadcastId)).out)).toEqual(viewOf());
  stub.answer(`POST /v1/broadcasts/${broadcastId}/cancel`, { body: viewOf({ state: 'cancelled' }) });
  expect(JSON.parse((await cli('cancel', broadcastId)).out)).toEqual(viewOf({ state: 'cancelled' }));
});

it('a broadcast that is watched is answered at its end, with the status of the run', async () => {
  const done = viewOf({ state: 'done', runs: [runOf('finished', 0)] });
  stub.answer(showRoute, { body: viewOf({ runs: [runOf('sending', 0)] }) }, { body: done });
  const { code, out, err } = await cli('show', broadcastId, '--watch');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toEqual(done);
  expect(err).toContain('hardly anybody got it: 0 of 10');
});
