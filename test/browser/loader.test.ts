import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newContext, startChromium } from './chromium.ts';
import { sampleContact, sampleToken } from './sample-tokens.ts';
import { contact, pageHtml, startStubBridge, type Reply, type StubBridge } from './stub-bridge.ts';

let browser: Browser;
let stub: StubBridge;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  stub = await startStubBridge();
  context = await newContext(browser);
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
  await stub.close();
});

const member = sampleContact('member');

/** Opens the page as the person of `token`, a visitor without one. */
async function visit(token?: string): Promise<void> {
  if (token) await page.addInitScript(`sessionStorage.getItem('token') ?? sessionStorage.setItem('token', '${token}')`);
  await page.goto(`${stub.url}/page`);
}

const outcome = () => page.evaluate('started');
const chats = () => page.evaluate('window.chats');
const scripts = () => page.evaluate('window.chatScripts ?? 0');
const visitorToken = () => page.evaluate('localStorage.getItem(`contact-bridge.visitor:${location.origin}`)');

/** The API's answers in turn; the last one stays. */
function answers(...replies: Reply[]): void {
  stub.answer = () => (replies.length > 1 ? replies.shift()! : replies[0]!);
}

describe('the loader asks', () => {
  it('for the signed-in person with the token in the header and nothing of them in the URL', async () => {
    answers(contact(member, stub.url));
    await visit(sampleToken('sample-member'));
    expect(await outcome()).toBe('open');
    expect(await chats()).toEqual([member]);
    expect(stub.asked).toMatchObject([
      {
        path: '/v1/identity',
        method: 'POST',
        headers: { authorization: `Bearer ${sampleToken('sample-member')}` },
        body: {},
      },
    ]);
    expect(stub.asked[0]!.headers).not.toHaveProperty('cookie');
    expect(stub.asked[0]!.headers).not.toHaveProperty('referer');
    expect(await page.evaluate('states')).toEqual(['asking', 'open']);
  });

  it('for a visitor without a token, and sends the visitor token of the answer the next time', async () => {
    answers(contact(member, stub.url, { visitorToken: 'v1' }));
    await visit();
    expect(await outcome()).toBe('open');
    await page.reload();
    expect(await outcome()).toBe('open');
    expect(stub.asked).toMatchObject([
      { path: '/v1/visitors', body: {} },
      { path: '/v1/visitors', body: { visitorToken: 'v1' } },
    ]);
    expect(stub.asked[0]!.headers).not.toHaveProperty('authorization');
  });

  it('with the visitor token of a 202, so that the next try is for the same visitor', async () => {
    answers(
      { status: 202, headers: { 'retry-after': '0' }, body: { outcome: 'pending', visitorToken: 'v1' } },
      contact(member, stub.url, { visitorToken: 'v2' }),
    );
    await visit();
    expect(await outcome()).toBe('open');
    expect(stub.asked.map(({ body }) => body)).toEqual([{}, { visitorToken: 'v1' }]);
    expect(await visitorToken()).toBe('v2');
  });

  it.each([
    [401, 'visitor_token_invalid'],
    [403, 'visitor_promoted'],
  ])('once more without the visitor token where the answer is %i %s', async (status, code) => {
    stub.answer = ({ body }) =>
      JSON.stringify(body) === '{}' ? contact(member, stub.url, { visitorToken: 'v2' }) : { status, body: { code } };
    await page.addInitScript('localStorage.setItem(`contact-bridge.visitor:${location.origin}`, "v1")');
    await visit();
    expect(await outcome()).toBe('open');
    expect(stub.asked.map(({ body }) => body)).toEqual([{ visitorToken: 'v1' }, {}]);
    expect(await visitorToken()).toBe('v2');
  });

  it('with the visitor token of this browser after the sign-in, and forgets it once it is promoted', async () => {
    answers({ status: 503, headers: { 'retry-after': '0' } }, contact(member, stub.url));
    await page.addInitScript('localStorage.setItem(`contact-bridge.visitor:${location.origin}`, "v1")');
    await visit(sampleToken('sample-member'));
    expect(await outcome()).toBe('open');
    expect(stub.asked.map(({ body }) => body)).toEqual([{ visitorToken: 'v1' }, { visitorToken: 'v1' }]);
    expect(await visitorToken()).toBeNull();
  });

  it('as one visitor from two tabs that are opened at once', async () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    stub.answer = async ({ body }) => {
      const { visitorToken = `v${stub.asked.length}` } = body as { visitorToken?: string };
      await until;
      return contact(sampleContact(visitorToken), stub.url, { visitorToken });
    };
    const tabs = [page, await context.newPage()];
    await Promise.all(tabs.map((tab) => tab.goto(`${stub.url}/page`)));
    await Promise.all(tabs.map((tab) => tab.waitForFunction("states.includes('asking')")));
    // One more exchange of each tab: by its answer both would have asked.
    await Promise.all(tabs.map((tab) => tab.evaluate("fetch('/elsewhere').then(() => 1)")));
    expect(stub.asked).toHaveLength(1);
    release();
    expect(await Promise.all(tabs.map((tab) => tab.evaluate('started')))).toEqual(['open', 'open']);
    expect(stub.asked.map(({ body }) => body)).toEqual([{}, { visitorToken: 'v1' }]);
  });

  it('as the same visitor on one page where storage is denied', async () => {
    await page.addInitScript("Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })");
    answers({ status: 202, body: { visitorToken: 'v1' }, headers: { 'retry-after': '0' } }, contact(member, stub.url));
    await visit();
    expect(await outcome()).toBe('open');
    expect(stub.asked.map(({ body }) => body)).toEqual([{}, { visitorToken: 'v1' }]);
  });

  it('nothing while nobody sees the page', async () => {
    answers(contact(member, stub.url));
    await page.addInitScript("Object.defineProperty(Document.prototype, 'hidden', { get: () => !window.seen })");
    await visit();
    // The page's own request after the loader's start: had the loader asked, its request would be the first.
    await page.evaluate("fetch('/v1/marker', { method: 'POST', body: '{}' }).then(() => 1)");
    await page.evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
    expect(await outcome()).toBe('open');
    expect(stub.asked.map(({ path }) => path)).toEqual(['/v1/marker', '/v1/visitors']);
  });
});

describe('the loader waits', () => {
  it('as long as Retry-After says, and not much longer', async () => {
    await page.clock.install();
    answers({ status: 503, headers: { 'retry-after': '3600' } }, contact(member, stub.url));
    await visit(sampleToken('sample-member'));
    await page.waitForFunction("states.includes('waiting http_503')");
    await page.clock.fastForward(3_000_000);
    expect(await page.evaluate('states')).toEqual(['asking', 'waiting http_503']);
    await page.clock.fastForward(2_400_000);
    expect(await outcome()).toBe('open');
    expect(await page.evaluate('states')).toEqual(['asking', 'waiting http_503', 'open']);
  });

  it.each<[string, Reply]>([
    ['202', { status: 202, headers: { 'retry-after': '0' }, body: { outcome: 'pending' } }],
    ['429', { status: 429, headers: { 'retry-after': '0' } }],
    ['502', { status: 502 }],
    ['503 without Retry-After', { status: 503 }],
    ['a broken connection', 'hang up'],
  ])('and opens the chat by itself after %s', async (_, reply) => {
    answers(reply, contact(member, stub.url));
    await visit(sampleToken('sample-member'));
    expect(await outcome()).toBe('open');
    expect(await scripts()).toBe(1);
  });

  it('and asks again where MaiAgent gives no script yet', async () => {
    answers(contact(member, stub.url));
    stub.scriptUp = false;
    await page.goto(`${stub.url}/page`);
    await page.waitForFunction("states.includes('waiting no_script')");
    expect(await page.evaluate('window.maiagentChatbotConfig')).toBeUndefined();
    stub.scriptUp = true;
    expect(await outcome()).toBe('open');
    expect(await chats()).toEqual([member]);
    expect(await scripts()).toBe(1);
  });

  it('longer and longer, and gives up after two hours', async () => {
    await page.clock.install();
    answers({ status: 500 });
    await visit(sampleToken('sample-member'));
    await page.evaluate('void started.then((outcome) => (window.outcome = outcome))');
    for (let turn = 0; turn < 300 && !(await page.evaluate('window.outcome')); turn++) {
      const waits = Number(await page.evaluate('states.length'));
      await page.clock.fastForward(90_000);
      await page.waitForFunction(`states.length > ${waits}`);
    }
    expect(await page.evaluate('window.outcome')).toBe('failed');
    expect(await page.evaluate('states.at(-1)')).toBe('failed gave_up');
    expect(stub.asked.length).toBeGreaterThan(80);
    expect(stub.asked.length).toBeLessThan(130);
  });
});

describe('the loader opens nothing', () => {
  const id = 'not-a-uuid';
  const chatAt = (url: string, other: object): Reply => {
    const webChat = { webChatId: 'stub-chat', baseUrl: `${url}/web-chats`, scriptUrl: `${url}/embed.js`, ...other };
    return { status: 200, body: { contactId: member, webChat } };
  };
  it.each<[string, string, Reply | ((url: string) => Reply)]>([
    ['a person who is not signed in any more', 'refused http_401', { status: 401, body: { message: 'Unauthorized' } }],
    ['a disabled user', 'refused user_disabled', { status: 403, body: { code: 'user_disabled' } }],
    ['a request that the API does not accept', 'failed http_400', { status: 400 }],
    ['an answer that is not JSON', 'failed malformed', { status: 200, body: '<html>' }],
    ['an answer without a chat', 'failed malformed', { status: 200, body: { contactId: member } }],
    ['an id that is not a UUID', 'failed malformed', (url) => contact(id, url)],
    [
      'a script over plain http',
      'failed malformed',
      (url) => chatAt(url, { scriptUrl: 'http://chat.example/embed.js' }),
    ],
    ['a chat over plain http', 'failed malformed', (url) => chatAt(url, { baseUrl: 'http://chat.example' })],
  ])('for %s', async (_, state, reply) => {
    answers(typeof reply === 'function' ? reply(stub.url) : reply);
    await visit(sampleToken('sample-member'));
    expect(await outcome()).toBe(state.split(' ')[0]);
    expect(await page.evaluate('states')).toEqual(['asking', state]);
    expect(await page.evaluate("document.querySelectorAll('script[src*=embed]').length")).toBe(0);
    expect(await page.evaluate('window.maiagentChatbotConfig')).toBeUndefined();
    expect(stub.asked).toHaveLength(1);
  });

  it.each(['http://api.example', 'javascript:alert(1)', 'https://api.example/?key=1', ''])(
    'from the API %j',
    async (api) => {
      stub.html = pageHtml({ options: `api: ${JSON.stringify(api)},` });
      await visit(sampleToken('sample-member'));
      expect(await outcome()).toBe('failed');
      expect(await page.evaluate('states')).toEqual(['failed api']);
    },
  );
});

describe('the loader starts the chat', () => {
  it('with the keys of the page, but never with another contact, chat, address or permission', async () => {
    const config = { showChatNotification: true, contactId: 'x', webChatId: 'x', baseUrl: 'x', queryMetadata: {} };
    stub.html = pageHtml({ options: `config: ${JSON.stringify(config)},` });
    answers(contact(member, stub.url));
    await visit();
    expect(await outcome()).toBe('open');
    expect(await page.evaluate('window.maiagentChatbotConfig')).toEqual({
      showChatNotification: true,
      contactId: member,
      webChatId: 'stub-chat',
      baseUrl: `${stub.url}/web-chats`,
    });
  });

  it('after the page has loaded, and runs a body.onload of the page once', async () => {
    const head = '<script>window.own = 0; window.onload = () => { window.own++; };</script>';
    stub.html = pageHtml({ head });
    answers(contact(member, stub.url));
    await visit();
    expect(await outcome()).toBe('open');
    expect(await chats()).toEqual([member]);
    expect(await page.evaluate('window.own')).toBe(1);
  });

  it('on a page that is still loading when the answer is there', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const own = '<script>window.own = 0; document.body.onload = () => { window.own++; };</script>';
    stub.html = pageHtml({ body: `<iframe src="/held"></iframe>${own}` });
    await page.route('**/held', async (route) => {
      await held;
      await route.fulfill({ body: '' });
    });
    answers(contact(member, stub.url));
    await page.goto(`${stub.url}/page`, { waitUntil: 'commit' });
    await expect.poll(() => stub.asked.length).toBe(1);
    expect(await page.evaluate('document.readyState')).not.toBe('complete');
    release();
    expect(await outcome()).toBe('open');
    expect(await chats()).toEqual([member]);
    expect(await page.evaluate('window.own')).toBe(1);
  });

  it('once, though start is called twice and the loader is in the page twice', async () => {
    stub.html = pageHtml({ body: '<script>contactBridge.start({ api: location.origin });</script>' });
    answers(contact(member, stub.url));
    await visit();
    expect(await outcome()).toBe('open');
    await page.addScriptTag({ url: `${stub.url}/contact-bridge.js` });
    expect(await page.evaluate('contactBridge.start({ api: location.origin })')).toBe('open');
    expect(await scripts()).toBe(1);
    expect(await chats()).toEqual([member]);
  });

  it('though the page throws in onState', async () => {
    stub.html = pageHtml({ options: "onState: () => { throw new Error('of the page'); }," });
    answers(contact(member, stub.url));
    await visit();
    expect(await outcome()).toBe('open');
    expect(await chats()).toEqual([member]);
  });
});
