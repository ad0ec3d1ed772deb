import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newContext, startChromium } from './chromium.ts';
import { sampleContact, sampleToken } from './sample-tokens.ts';
import { contact, pageHtml, startStubBridge, type Reply, type StubBridge } from './stub-bridge.ts';

let browser: Browser;
let stub: StubBridge;
let context: BrowserContext;
let page: Page;
let lines: string[];

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  stub = await startStubBridge();
  stub.answer = () => contact(sampleContact('ann'), stub.url);
  context = await newContext(browser);
  page = await context.newPage();
  lines = [];
  page.on('console', (line) => line.text().startsWith('contactBridge') && lines.push(line.text()));
});
afterEach(async () => {
  await context.close();
  await stub.close();
});

const states = () => page.evaluate<string[]>('states');
const chats = () => page.evaluate('window.chats');
const config = () => page.evaluate('window.maiagentChatbotConfig');
/** The loader's limit of one request, which a busy machine needs. */
const requestMs = 31_000;
/** Pauses pass at once, so that what is tried again is tried again now. */
const hurry = () =>
  page.addInitScript(
    `const later = setTimeout; window.setTimeout = (f, ms) => later(f, ms === ${requestMs} ? ms : Math.min(ms ?? 0, 60));`,
  );

interface Broken {
  readonly options?: string;
  readonly head?: string;
  readonly headers?: Record<string, string>;
  readonly reply?: Reply;
  readonly script?: false;
  /** What an extension of the browser keeps from being loaded. */
  readonly blocked?: string;
  /** The last state and its code. */
  readonly state: string;
}

/** An integrator's mistakes, and what the world does to an integration that was right. */
const broken: Readonly<Record<string, Broken>> = {
  'a function that is not there': { options: 'token: () => currentUsersToken(),', state: 'failed token' },
  'a token function that rejects': {
    options: 'token: () => Promise.reject(new Error("secret")),',
    state: 'failed token',
  },
  'an object for a token': { options: 'token: () => ({ id: "secret" }),', state: 'failed token_type' },
  'a promise that never ends': { options: 'token: () => new Promise(() => {}),', state: 'waiting token_timeout' },
  'no address': { options: 'api: undefined,', state: 'failed api' },
  'an address with /v1': { options: 'api: location.origin + "/v1",', state: 'failed api' },
  'an address over http': { options: 'api: "http://bridge.example",', state: 'failed api' },
  'the address of something else': { reply: { status: 404, body: '<html>' }, state: 'failed http_404' },
  'an address where nobody is': { options: 'api: "https://nobody.invalid",', state: 'waiting unreachable' },
  'an origin that the stage does not have': { options: 'api: elsewhere,', state: 'failed cors' },
  'a content policy without the API': {
    headers: { 'content-security-policy': "connect-src 'none'" },
    state: 'failed csp',
  },
  'a content policy without the script': {
    headers: { 'content-security-policy': "script-src 'unsafe-inline' {stub}/contact-bridge.js" },
    state: 'failed csp',
  },
  'Trusted Types without the policy': {
    headers: { 'content-security-policy': "require-trusted-types-for 'script'; trusted-types other" },
    state: 'failed trusted_types',
  },
  'an expired token': { reply: { status: 401, body: { message: 'Unauthorized' } }, state: 'refused http_401' },
  // Both authorizers answer it like any token that does not count (AWS, "Control access to HTTP APIs with JWT authorizers").
  'a token for another audience': {
    reply: { status: 401, body: { message: 'Unauthorized' } },
    state: 'refused http_401',
  },
  'an ad blocker that takes the API': { blocked: '**/v1/**', state: 'waiting unreachable' },
  'an ad blocker that takes the chat': { blocked: '**/embed.js', state: 'waiting no_script' },
  'a disabled user': { reply: { status: 403, body: { code: 'user_disabled' } }, state: 'refused user_disabled' },
  'a bridge that is too busy': { reply: { status: 503 }, state: 'waiting http_503' },
  'MaiAgent away': {
    reply: { status: 503, body: { code: 'maiagent_unavailable' } },
    state: 'waiting maiagent_unavailable',
  },
  'no script at MaiAgent': { script: false, state: 'waiting no_script' },
  'another answer than the API gives': { reply: { status: 200, body: '<html>' }, state: 'failed malformed' },
  'a page of frames': { head: '</head><frameset></frameset>', state: 'failed no_body' },
};

describe('the loader says in one line why there is no chat, for', () => {
  it.each(Object.entries(broken))(
    '%s',
    async (_, { options = '', head, headers = {}, reply, script, blocked, state }) => {
      await hurry();
      if (blocked !== undefined) await page.route(blocked, (route) => route.abort('blockedbyclient'));
      const elsewhere = await startStubBridge();
      try {
        stub.headers = JSON.parse(JSON.stringify(headers).replaceAll('{stub}', stub.url)) as Record<string, string>;
        stub.scriptUp = script ?? true;
        if (reply) stub.answer = () => reply;
        const starts = `<script>window.elsewhere = ${JSON.stringify(elsewhere.url)};</script>`;
        stub.html = head
          ? `<html><head><script>window.states = [];</script><script src="/contact-bridge.js"></script><script>
            window.started = contactBridge.start({ api: location.origin, onState: (state, { code }) => states.push(state + ' ' + code) });
          </script>${head}</html>`
          : pageHtml({ head: starts, options });
        await page.addInitScript(`sessionStorage.setItem('token', '${sampleToken('ann')}')`);
        await page.goto(`${stub.url}/page`);
        await expect.poll(() => lines, { timeout: 200_000 }).toHaveLength(1);
        await expect.poll(async () => (await states()).at(-1), { timeout: 200_000 }).toBe(state);
        const [reached, code = ''] = state.split(' ');
        // What is tried again has its line before it is given up.
        expect(lines[0]).toMatch(
          new RegExp(`^contactBridge (${reached}|waiting) \\(${code}\\)(: .+)?\\. See docs/loader\\.md#${code}$`),
        );
        expect(lines[0]).not.toMatch(/secret|eyJ|00000000/);
        expect([await chats(), await config()]).toEqual([undefined, undefined]);
        if (reached !== 'waiting') expect(await page.evaluate('started')).toBe(reached);
      } finally {
        await elsewhere.close();
      }
    },
  );
});

describe('the loader opens the chat all the same', () => {
  it.each([
    [
      'where locks are denied',
      "navigator.locks.request = () => Promise.reject(new DOMException('no', 'SecurityError'))",
    ],
    [
      'where storage is denied',
      "Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })",
    ],
  ])('%s', async (_, init) => {
    await page.addInitScript(init);
    await page.goto(`${stub.url}/page`);
    expect(await page.evaluate('started')).toBe('open');
    expect(lines).toEqual([]);
  });

  it.each<[string, string]>([
    [
      'a strict content policy',
      "script-src 'nonce-n' 'strict-dynamic'; style-src 'none'; object-src 'none'; base-uri 'none'",
    ],
    ['Trusted Types', "require-trusted-types-for 'script'; trusted-types contact-bridge"],
  ])('under %s', async (_, policy) => {
    stub.headers = { 'content-security-policy': policy };
    stub.html = pageHtml().replaceAll('<script', '<script nonce="n"');
    await page.goto(`${stub.url}/page`);
    expect(await page.evaluate('started')).toBe('open');
    await expect.poll(chats).toEqual([sampleContact('ann')]);
  });

  it('as a module with the nonce that the page gives it', async () => {
    stub.headers = { 'content-security-policy': "script-src 'nonce-n'; style-src 'none'; base-uri 'none'" };
    stub.html = `<!doctype html><body><script type="module" nonce="n">
      import { contactBridge } from '/contact-bridge/latest.mjs';
      window.started = contactBridge.start({ api: location.origin, nonce: 'n' });
      window.isOne = contactBridge === window.contactBridge;</script>`;
    await page.goto(`${stub.url}/page`);
    expect(await page.evaluate('started')).toBe('open');
    await expect.poll(chats).toEqual([sampleContact('ann')]);
    expect(await page.evaluate('isOne')).toBe(true);
  });

  it('as a module beside the script: they are one', async () => {
    stub.html = pageHtml({
      body: `<script type="module">import { contactBridge as own } from '/contact-bridge/latest.mjs';
        window.isOne = own === contactBridge;</script>`,
    });
    await page.goto(`${stub.url}/page`);
    expect([await page.evaluate('started'), await page.evaluate('isOne')]).toEqual(['open', true]);
    expect(await page.evaluate('window.chatScripts')).toBe(1);
  });

  it('for calls that came before the loader, and tells its steps where it is asked to', async () => {
    const call = "['start', { api: location.origin, debug: true, onState: (state) => states.push(state) }]";
    stub.html = `<!doctype html><script>window.states = []; (window.contactBridge ??= []).push(${call});</script>
      <script async src="/contact-bridge.js"></script><body>`;
    await page.goto(`${stub.url}/page`);
    await expect.poll(states).toEqual(['asking', 'open']);
    expect(await page.evaluate('contactBridge.state')).toBe('open');
    expect(lines.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(
      ['asking', 'answer', 'open'].map((step) => `contactBridge: ${step}`),
    );
  });

  it('once more after the page has put another body in the place of its own', async () => {
    await page.goto(`${stub.url}/page`);
    expect(await page.evaluate('started')).toBe('open');
    await expect.poll(chats).toHaveLength(1);
    await page.evaluate("document.documentElement.replaceChild(document.createElement('body'), document.body)");
    await expect.poll(chats).toEqual([sampleContact('ann'), sampleContact('ann')]);
    expect(await page.evaluate('contactBridge.start({ api: location.origin })')).toBe('open');
    expect(await page.evaluate('document.querySelectorAll("#maiagent-chat").length')).toBe(1);
    expect(await page.evaluate('window.chatScripts')).toBe(1);
  });
});

it('every code of the loader has its paragraph', () => {
  const text = readFileSync('browser/codes.ts', 'utf8') + readFileSync('browser/bridge.ts', 'utf8');
  const codes = new Set(
    [
      ...text.matchAll(
        /^ {2}(\w+): ['"`]|later\('(\w+)'\)|obstacle\('(\w+)'\)|'(csp|no_script|cors|unreachable|malformed|gave_up|api)'/gm,
      ),
    ].map((one) => one.slice(1).find(Boolean)),
  );
  const headings = [...readFileSync('docs/loader.md', 'utf8').matchAll(/^#+ `?(\w+)`?$/gm)].map(([, name]) => name);
  expect(headings).toEqual(expect.arrayContaining([...codes]));
});
