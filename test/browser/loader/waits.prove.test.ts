import { describe, expect, it } from 'vitest';
import { ann, LoaderPage } from '../loader-page.ts';
import { sampleContact } from '../sample-tokens.ts';
import type { Reply } from '../stub-bridge.ts';

const at = new LoaderPage();
const { answers, chats, config, contactOf, evaluate, outcome, scripts, states, visit } = at;

describe('the loader waits', () => {
  it.each<[string, Reply]>([
    ['202', { status: 202, headers: { 'retry-after': '0' }, body: { outcome: 'pending' } }],
    ['429', { status: 429, headers: { 'retry-after': '0' } }],
    ['502', { status: 502 }],
    ['503 without Retry-After', { status: 503 }],
    ['a broken connection', 'hang up'],
  ])('and opens the chat by itself after %s', async (_, reply) => {
    answers(reply, contactOf('ann'));
    await visit(ann);
    expect(await outcome()).toBe('open');
    expect(await scripts()).toBe(1);
  });

  it('and asks again where MaiAgent gives no script yet', async () => {
    at.stub.scriptUp = false;
    await visit();
    await at.page.waitForFunction("states.includes('waiting no_script')");
    expect(await config()).toBeUndefined();
    at.stub.scriptUp = true;
    expect(await outcome()).toBe('open');
    expect(await chats()).toEqual([sampleContact('visitor')]);
    expect(await scripts()).toBe(1);
  });

  it('longer and longer, and gives up after two hours', async () => {
    await at.page.clock.install();
    answers({ status: 500 });
    await visit(ann);
    await evaluate('void started.then((outcome) => (window.outcome = outcome))');
    for (let turn = 0; turn < 300 && !(await evaluate('window.outcome')); turn++) {
      const { length: waits } = await states();
      await at.page.clock.fastForward(90_000);
      await at.page.waitForFunction(`states.length > ${waits}`);
    }
    expect(await evaluate('window.outcome')).toBe('failed');
    expect((await states()).at(-1)).toBe('failed gave_up');
    expect(at.stub.asked.length).toBeGreaterThan(80);
    expect(at.stub.asked.length).toBeLessThan(130);
  });

  it('and asks nothing while nobody sees the page', async () => {
    await at.page.addInitScript("Object.defineProperty(Document.prototype, 'hidden', { get: () => !window.seen })");
    await visit();
    // The page's own request after the loader's start: had the loader asked, its request would be the first.
    await evaluate("fetch('/v1/marker', { method: 'POST', body: '{}' }).then(() => 1)");
    await evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
    expect(await outcome()).toBe('open');
    expect(at.stub.asked.map(({ path }) => path)).toEqual(['/v1/marker', '/v1/visitors']);
  });
});
