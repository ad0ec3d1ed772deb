import { describe, expect, it } from 'vitest';
import { ann, LoaderPage } from './loader-page.ts';
import { sampleContact } from './sample-tokens.ts';
import { pageHtml, type Reply } from './stub-bridge.ts';

// What the loader promises. The rest of each concern is in loader/, for `npm run prove`.
const at = new LoaderPage();
const { answers, chats, config, contactOf, evaluate, outcome, scripts, states, visit, visitorToken } = at;

describe('the loader asks', () => {
  it('for the signed-in person with the token in the header and nothing of them in the URL', async () => {
    await visit(ann);
    expect(await outcome()).toBe('open');
    expect(await chats()).toEqual([sampleContact('ann')]);
    const { asked } = at.stub;
    expect(asked).toMatchObject([
      { path: '/v1/identity', method: 'POST', headers: { authorization: `Bearer ${ann}` }, body: {} },
    ]);
    expect(asked[0]!.headers).not.toHaveProperty('cookie');
    expect(asked[0]!.headers).not.toHaveProperty('referer');
    expect(await states()).toEqual(['asking', 'open']);
  });

  it('for a visitor without a token, and sends the visitor token of the answer the next time', async () => {
    answers(contactOf('visitor', { visitorToken: 'v1' }));
    await visit();
    expect(await outcome()).toBe('open');
    await at.page.reload();
    expect(await outcome()).toBe('open');
    expect(at.stub.asked).toMatchObject([
      { path: '/v1/visitors', body: {} },
      { path: '/v1/visitors', body: { visitorToken: 'v1' } },
    ]);
    expect(at.stub.asked[0]!.headers).not.toHaveProperty('authorization');
  });

  it('with the visitor token of a 202, so that the next try is for the same visitor', async () => {
    answers(
      { status: 202, headers: { 'retry-after': '0' }, body: { outcome: 'pending', visitorToken: 'v1' } },
      contactOf('visitor', { visitorToken: 'v2' }),
    );
    await visit();
    expect(await outcome()).toBe('open');
    expect(at.stub.asked.map(({ body }) => body)).toEqual([{}, { visitorToken: 'v1' }]);
    expect(await visitorToken()).toBe('v2');
  });

  it('with the visitor token of this browser after the sign-in, and forgets it once it is promoted', async () => {
    answers({ status: 503, headers: { 'retry-after': '0' } }, contactOf('ann'));
    await at.page.addInitScript('localStorage.setItem(`contact-bridge.visitor:${location.origin}`, "v1")');
    await visit(ann);
    expect(await outcome()).toBe('open');
    expect(at.stub.asked.map(({ body }) => body)).toEqual([{ visitorToken: 'v1' }, { visitorToken: 'v1' }]);
    expect(await visitorToken()).toBeNull();
  });
});

it('the loader waits as long as Retry-After says, and not much longer', async () => {
  await at.page.clock.install();
  answers({ status: 503, headers: { 'retry-after': '3600' } }, contactOf('ann'));
  await visit(ann);
  await at.page.waitForFunction("states.includes('waiting http_503')");
  await at.page.clock.fastForward(3_000_000);
  expect(await states()).toEqual(['asking', 'waiting http_503']);
  await at.page.clock.fastForward(2_400_000);
  expect(await outcome()).toBe('open');
  expect(await states()).toEqual(['asking', 'waiting http_503', 'open']);
});

it.each<[what: string, state: string, reply: () => Reply]>([
  [
    'a person who is not signed in any more',
    'refused http_401',
    () => ({ status: 401, body: { message: 'Unauthorized' } }),
  ],
  ['a disabled user', 'refused user_disabled', () => ({ status: 403, body: { code: 'user_disabled' } })],
  ['an answer that is not JSON', 'failed malformed', () => ({ status: 200, body: '<html>' })],
  ['an id that is not a UUID', 'failed malformed', () => contactOf('ann', { contactId: 'not-a-uuid' })],
])('the loader opens nothing for %s', async (_, state, reply) => {
  answers(reply());
  await visit(ann);
  expect(await outcome()).toBe(state.split(' ')[0]);
  expect(await states()).toEqual(['asking', state]);
  expect(await evaluate("document.querySelectorAll('script[src*=embed]').length")).toBe(0);
  expect(await config()).toBeUndefined();
  expect(at.stub.asked).toHaveLength(1);
});

describe('the loader starts the chat', () => {
  it('with the keys of the page, but never with another contact, chat, address or permission', async () => {
    const ofPage = { showChatNotification: true, contactId: 'x', webChatId: 'x', baseUrl: 'x', queryMetadata: {} };
    at.stub.html = pageHtml({ options: `config: ${JSON.stringify(ofPage)},` });
    await visit();
    expect(await outcome()).toBe('open');
    expect(await config()).toEqual({
      showChatNotification: true,
      contactId: sampleContact('visitor'),
      webChatId: 'stub-chat',
      baseUrl: `${at.stub.url}/web-chats`,
    });
  });

  it('after the page has loaded, and runs a body.onload of the page once', async () => {
    const head = '<script>window.own = 0; window.onload = () => { window.own++; };</script>';
    at.stub.html = pageHtml({ head });
    await visit();
    expect(await outcome()).toBe('open');
    expect(await chats()).toEqual([sampleContact('visitor')]);
    expect(await evaluate('window.own')).toBe(1);
  });

  it('once, though start is called twice and the loader is in the page twice', async () => {
    at.stub.html = pageHtml({ body: '<script>contactBridge.start({ api: location.origin });</script>' });
    await visit();
    expect(await outcome()).toBe('open');
    await at.page.addScriptTag({ url: `${at.stub.url}/contact-bridge.js` });
    expect(await evaluate('contactBridge.start({ api: location.origin })')).toBe('open');
    expect(await scripts()).toBe(1);
    expect(await chats()).toEqual([sampleContact('visitor')]);
  });
});
