import { describe, expect, it } from 'vitest';
import { LoaderPage } from '../loader-page.ts';

const at = new LoaderPage();
const { answers, contactOf, outcome, visit, visitorToken } = at;

describe('the loader asks for a visitor', () => {
  it.each([
    [401, 'visitor_token_invalid'],
    [403, 'visitor_promoted'],
  ])('once more without the visitor token where the answer is %i %s', async (status, code) => {
    at.stub.answer = ({ body }) =>
      JSON.stringify(body) === '{}' ? contactOf('visitor', { visitorToken: 'v2' }) : { status, body: { code } };
    await at.page.addInitScript('localStorage.setItem(`contact-bridge.visitor:${location.origin}`, "v1")');
    await visit();
    expect(await outcome()).toBe('open');
    expect(at.stub.asked.map(({ body }) => body)).toEqual([{ visitorToken: 'v1' }, {}]);
    expect(await visitorToken()).toBe('v2');
  });

  it('as one from two tabs that are opened at once', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    at.stub.answer = async ({ body }) => {
      const { visitorToken = `v${at.stub.asked.length}` } = body as { visitorToken?: string };
      await promise;
      return contactOf(visitorToken, { visitorToken });
    };
    const tabs = [at.page, await at.context.newPage()];
    await Promise.all(tabs.map((tab) => tab.goto(`${at.stub.url}/page`)));
    await Promise.all(tabs.map((tab) => tab.waitForFunction("states.includes('asking')")));
    // One more exchange of each tab: by its answer both would have asked.
    await Promise.all(tabs.map((tab) => tab.evaluate("fetch('/elsewhere').then(() => 1)")));
    expect(at.stub.asked).toHaveLength(1);
    resolve();
    expect(await Promise.all(tabs.map((tab) => tab.evaluate('started')))).toEqual(['open', 'open']);
    expect(at.stub.asked.map(({ body }) => body)).toEqual([{}, { visitorToken: 'v1' }]);
  });

  it('as the same one on one page where storage is denied', async () => {
    await at.page.addInitScript(
      "Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })",
    );
    const pending = { status: 202, body: { visitorToken: 'v1' }, headers: { 'retry-after': '0' } };
    answers(pending, contactOf('visitor'));
    await visit();
    expect(await outcome()).toBe('open');
    expect(at.stub.asked.map(({ body }) => body)).toEqual([{}, { visitorToken: 'v1' }]);
  });
});
