import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ann, LoaderPage } from '../loader-page.ts';
import { pageHtml, startStubBridge, type Reply } from '../stub-bridge.ts';

const at = new LoaderPage();
const { answers, chats, config, contactOf, evaluate, outcome, states, visit } = at;

/** The loader's limit of one request, which a busy machine needs. */
const requestMs = 31_000;
/** Pauses pass at once, so that what is tried again is tried again now. */
const hurry = () =>
  at.page.addInitScript(
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
      if (blocked !== undefined) await at.page.route(blocked, (route) => route.abort('blockedbyclient'));
      const elsewhere = await startStubBridge();
      try {
        at.stub.headers = JSON.parse(JSON.stringify(headers).replaceAll('{stub}', at.stub.url)) as Record<
          string,
          string
        >;
        at.stub.scriptUp = script ?? true;
        if (reply) at.stub.answer = () => reply;
        const starts = `<script>window.elsewhere = ${JSON.stringify(elsewhere.url)};</script>`;
        at.stub.html = head
          ? `<html><head><script>window.states = [];</script><script src="/contact-bridge.js"></script><script>
            window.started = contactBridge.start({ api: location.origin, onState: (state, { code }) => states.push(state + ' ' + code) });
          </script>${head}</html>`
          : pageHtml({ head: starts, options });
        await visit(ann);
        await expect.poll(() => at.lines, { timeout: 200_000 }).toHaveLength(1);
        await expect.poll(async () => (await states()).at(-1), { timeout: 200_000 }).toBe(state);
        const [reached, code = ''] = state.split(' ');
        // What is tried again has its line before it is given up.
        expect(at.lines[0]).toMatch(
          new RegExp(`^contactBridge (${reached}|waiting) \\(${code}\\)(: .+)?\\. See docs/loader\\.md#${code}$`),
        );
        expect(at.lines[0]).not.toMatch(/secret|eyJ|00000000/);
        // While it tries again, the script that it waits for has its configuration.
        await expect
          .poll(async () => [await chats(), await config()], { timeout: 200_000 })
          .toEqual([undefined, undefined]);
        if (reached !== 'waiting') expect(await outcome()).toBe(reached);
      } finally {
        await elsewhere.close();
      }
    },
  );
});

describe('the loader opens nothing', () => {
  const chatAt = (other: object) => {
    const { url } = at.stub;
    const webChat = { webChatId: 'stub-chat', baseUrl: `${url}/web-chats`, scriptUrl: `${url}/embed.js`, ...other };
    return contactOf('ann', { webChat });
  };
  it.each<[what: string, state: string, reply: () => Reply]>([
    ['a request that the API does not accept', 'failed http_400', () => ({ status: 400 })],
    ['an answer without a chat', 'failed malformed', () => contactOf('ann', { webChat: undefined })],
    ['a script over plain http', 'failed malformed', () => chatAt({ scriptUrl: 'http://chat.example/embed.js' })],
    ['a chat over plain http', 'failed malformed', () => chatAt({ baseUrl: 'http://chat.example' })],
  ])('for %s', async (_, state, reply) => {
    answers(reply());
    await visit(ann);
    expect(await outcome()).toBe('failed');
    expect(await states()).toEqual(['asking', state]);
    expect(await evaluate("document.querySelectorAll('script[src*=embed]').length")).toBe(0);
    expect(await config()).toBeUndefined();
    expect(at.stub.asked).toHaveLength(1);
  });

  it.each(['http://api.example', 'javascript:alert(1)', 'https://api.example/?key=1', ''])(
    'from the API %j',
    async (api) => {
      at.stub.html = pageHtml({ options: `api: ${JSON.stringify(api)},` });
      await visit(ann);
      expect(await outcome()).toBe('failed');
      expect(await states()).toEqual(['failed api']);
    },
  );
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
