import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { newestLoader } from '../../infra/released-loaders.ts';
import { newContext, startChromium } from './chromium.ts';
import { startStubBridge } from './stub-bridge.ts';

let bridge: Bridge;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What no page of the demo may do: an error of its own, or a request to a stranger. */
let faults: string[];

beforeAll(async () => {
  [bridge, browser] = await Promise.all([startBridge({ port: 0, quiet: true }), startChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await bridge?.close();
});
beforeEach(async () => {
  faults = [];
  context = await newContext(browser);
  page = await context.newPage();
  const ours = [
    bridge.url,
    bridge.emulator!.url,
    bridge.emulator!.controlUrl,
    bridge.url.replace('localhost', '127.0.0.1'),
  ];
  page.on('pageerror', ({ message }) => faults.push(message));
  // The browser itself writes a line about each refusal of the API (403, 503); everything else is the page's.
  page.on('console', (line) => {
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) faults.push(line.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && !ours.includes(origin)) faults.push(request.url());
  });
});
afterEach(async () => {
  await context.close();
  expect(faults).toEqual([]);
});

/** Waits until the chat is open as `name`, and answers its contact. */
async function chatOf(name: string): Promise<string> {
  await page.waitForSelector(`[data-state=open] >> text=Open as ${name}.`);
  return (await page.getAttribute('#maiagent-chat', 'data-contact-id')) ?? 'none';
}

/** Signs in with the form, by keyboard alone. */
async function signInAs(sub: string, name: string): Promise<void> {
  if (!(await page.isVisible('[name=sub]'))) await page.locator('#anyone summary').press('Enter');
  await page.fill('[name=sub]', sub);
  await page.fill('[name=name]', name);
  await page.fill('[name=roles]', 'staff, member');
  await page.locator('[name=roles]').press('Enter');
}

const contactNow = (id: string) => bridge.emulator!.store.contacts.find((contact) => contact.id === id);
const chatCount = () => page.locator('#maiagent-chat').count();

describe('the demo', () => {
  it('gives a visitor a contact, and the same one after a reload', async () => {
    await page.goto(bridge.url);
    const visitor = await chatOf('a visitor');
    await page.reload();
    expect(await chatOf('a visitor')).toBe(visitor);
    await page.waitForSelector('#contact dl');
    expect(await page.textContent('#contact')).toContain(visitor);
    expect(await page.textContent('#link')).toContain('visitor#');
  });

  it('gives the same person another contact once they have signed in, and a new one as a visitor afterwards', async () => {
    await page.goto(bridge.url);
    const visitor = await chatOf('a visitor');
    await page.click('#as-sample-member');
    const member = await chatOf('Sample Member');
    await page.reload();
    expect(await chatOf('Sample Member')).toBe(member);
    await page.click('#sign-out');
    const visitorAgain = await chatOf('a visitor');
    expect(new Set([visitor, member, visitorAgain]).size).toBe(3);
  });

  it('opens the chat as anyone, with their name at MaiAgent, by keyboard', async () => {
    await page.goto(bridge.url);
    await chatOf('a visitor');
    await signInAs('sample/guest ü', 'Sample Guest');
    const guest = await chatOf('Sample Guest');
    expect(contactNow(guest)).toMatchObject({ name: 'Sample Guest', sourceId: 'sample/guest ü' });
    await page.waitForSelector('#link dl');
    expect(await page.textContent('#link')).toMatch(/user#sample\/guest ü.*Heard fromtoken/);
  });

  it('never shows the chat of the account before', async () => {
    await page.goto(bridge.url);
    await chatOf('a visitor');
    await page.click('#as-sample-member');
    const member = await chatOf('Sample Member');
    await page.fill('#maiagent-chat input', 'a secret of the member');
    await page.press('#maiagent-chat input', 'Enter');
    await page.waitForSelector('#maiagent-chat li.incoming');
    await page.click('#as-sample-staff');
    const staff = await chatOf('Sample Staff');
    expect(staff).not.toBe(member);
    expect(await page.textContent('body')).not.toContain('a secret of the member');
    expect(await page.textContent('body')).not.toContain(member);
    expect(await page.evaluate('window.__maiagentCalls ?? JSON.parse(sessionStorage["maiagent-calls"])')).toEqual(
      expect.arrayContaining(['clearHistory', 'newConversation', 'close']),
    );
    expect(await page.evaluate('[window.__maiagentEmbedLoads, window.__maiagentEmbedStarts]')).toEqual([1, 1]);
    expect(await page.evaluate('document.activeElement.id')).toBe('as-sample-staff');
  });

  it('gives a disabled user no chat and says so', async () => {
    await page.goto(bridge.url);
    await chatOf('a visitor');
    await page.click('#as-sample-disabled');
    await page.waitForSelector('[data-state=refused] >> text=disabled');
    expect(await chatCount()).toBe(0);
    expect(await page.evaluate('window.maiagentChatbotConfig ?? window.MaiAgent')).toBeUndefined();
  });

  it('takes the chat of a user who is disabled, and gives the same contact back with the account', async () => {
    await page.goto(bridge.url);
    await chatOf('a visitor');
    await signInAs('sample-leaver', 'Sample Leaver');
    const before = await chatOf('Sample Leaver');
    await page.click('text=Disable this account');
    await page.waitForSelector('[data-state=refused]');
    expect(await chatCount()).toBe(0);
    await page.click('text=Enable this account');
    expect(await chatOf('Sample Leaver')).toBe(before);
  });

  it('opens the chat by itself when MaiAgent is back', async () => {
    await page.goto(bridge.url);
    await chatOf('a visitor');
    await page.locator('#down').press('Space');
    await expect.poll(() => bridge.emulator!.isDown).toBeDefined();
    await signInAs('sample-early', 'Sample Early');
    await page.waitForSelector('[data-state=waiting]');
    expect(await chatCount()).toBe(0);
    await page.evaluate('window.samePage = true');
    await page.locator('#down').press('Space');
    const early = await chatOf('Sample Early');
    expect(contactNow(early)).toMatchObject({ sourceId: 'sample-early' });
    expect(await page.evaluate('window.samePage')).toBe(true);
  });

  it('shows a broadcast in the open chat, where the person has chatted before', async () => {
    await page.goto(bridge.url);
    await chatOf('a visitor');
    await signInAs('sample-reader', 'Sample Reader');
    const reader = await chatOf('Sample Reader');
    await page.fill('#maiagent-chat input', 'Good morning');
    await page.press('#maiagent-chat input', 'Enter');
    await page.waitForSelector('#maiagent-chat li >> text=You said: Good morning');
    await page.click('text=Send this person a broadcast');
    await page.waitForSelector('#maiagent-chat li.outgoing >> text=the office is closed on Friday');
    expect(await page.locator('#maiagent-chat li').allInnerTexts()).toEqual([
      'Hello! How may I help?',
      'Good morning',
      'You said: Good morning',
      'A broadcast: the office is closed on Friday.',
    ]);
    expect(bridge.emulator!.store.conversationsOf(reader)).toMatchObject([{ messages: [{}, {}, {}] }]);
    // On another day, in another browser: the conversation is the contact's, and not the browser's.
    await page.evaluate('localStorage.clear()');
    await page.reload();
    await page.waitForSelector('#maiagent-chat li >> text=the office is closed on Friday');
  });

  it('says which rule held and why, and shows the token, the request, the answer and what the loader told', async () => {
    await page.goto(bridge.url);
    await chatOf('a visitor');
    expect(await page.textContent('#permissions')).toContain('A visitor is asked no rule');
    await page.click('#as-sample-staff');
    const staff = await chatOf('Sample Staff');
    await page.waitForSelector('#permissions >> text=Rule 1 holds');
    expect(await page.textContent('#permissions')).toMatch(/roles = staff holds.*May queryHandbook, Staff only/);
    expect(await page.textContent('#contact')).toContain('Handbook, Staff only');
    expect(await page.textContent('#token')).toMatch(/rolesstaff.*subsample-staff.*Valid until/);
    expect(await page.textContent('#request')).toMatch(new RegExp(`POST /v1/identity.*200 \\d+ ms.*${staff}`));
    expect(await page.textContent('#events')).toMatch(/open.*reloading person_changed.*asking.*open/);
    expect(await page.content()).not.toContain(String(await page.evaluate("sessionStorage['token']")));
  });

  it('gives the snippet to copy', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(bridge.url);
    await page.click('#copy');
    await page.waitForSelector('text=Copied');
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain(`api: '${bridge.url}'`);
  });

  it('is a group of radio buttons to a keyboard, and tells a reader of screens what is and why', async () => {
    await page.goto(bridge.url);
    await chatOf('a visitor');
    await page.focus('#as-visitor');
    await page.keyboard.press('ArrowDown');
    await chatOf('Sample Member');
    expect(await page.evaluate('[document.activeElement.id, document.activeElement.checked]')).toEqual([
      'as-sample-member',
      true,
    ]);
    expect(await page.getByRole('status').textContent()).toMatch(/Open as Sample Member\.\s+The chat speaks as/);
  });

  it.each([
    ['ja', '一人に、一つのコンタクト'],
    ['zh-Hant', '一個人，一個聯絡人'],
  ])('speaks %s, and says so', async (language, heading) => {
    await page.goto(bridge.url);
    await page.selectOption('#language', language);
    await page.waitForSelector(`h1:has-text("${heading}")`);
    expect(await page.getAttribute('html', 'lang')).toBe(language);
    await page.waitForSelector('[data-state=open]');
    expect(
      await page.evaluate("[...document.querySelectorAll('[data-text]')].filter((one) => !one.textContent)"),
    ).toEqual([]);
    expect(await page.evaluate('document.body.textContent')).not.toContain('undefined');
  });

  it.each([
    ['light', 'en'],
    ['dark', 'ja'],
    ['light', 'zh-Hant'],
  ] as const)('fits a phone 360 px wide, %s, in %s', async (colorScheme, language) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.addInitScript(`localStorage.setItem('language', '${language}')`);
    await page.goto(bridge.url);
    await page.waitForSelector('[data-state=open]');
    await page.click('#as-sample-staff');
    await page.waitForSelector('#events >> text=person_changed');
    await page.click('#anyone summary');
    await page.waitForSelector('#contact dl');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });
});

describe('a page on another origin', () => {
  /** Makes the page that stands there one of the enterprise's: loader and contact come from the bridge at its own address. */
  async function start(): Promise<void> {
    await page.addScriptTag({ url: `${bridge.url}/contact-bridge.js` });
    const onState = '(state) => (document.title = state)';
    await page.evaluate(`void contactBridge.start({ api: '${bridge.url}', onState: ${onState} })`);
  }

  it('opens the chat where its origin is on the list', async () => {
    await page.goto(`${bridge.url.replace('localhost', '127.0.0.1')}/local/demo/state`);
    await start();
    const contactId = await page.locator('#maiagent-chat').getAttribute('data-contact-id');
    expect(await page.title()).toBe('open');
    expect(contactNow(contactId!)).toMatchObject({ deletedAt: null });
  });

  it('may hold a released loader to its hash', async () => {
    const { version, integrity } = newestLoader();
    await page.goto(`${bridge.url.replace('localhost', '127.0.0.1')}/local/demo/state`);
    const add = (hash: string) =>
      page.evaluate(`new Promise((resolve) => {
        const script = document.createElement('script');
        script.onload = script.onerror = (event) => resolve(event.type);
        Object.assign(script, { src: '${bridge.url}/contact-bridge/${version}.js', integrity: '${hash}', crossOrigin: '' });
        document.head.append(script);
      })`);
    expect(await add(integrity.replace(/.{4}$/, 'AAAA'))).toBe('error');
    expect(faults.splice(0)).toEqual([expect.stringContaining('integrity')]);
    expect(await add(integrity)).toBe('load');
    expect(await page.evaluate(`contactBridge.start({ api: '${bridge.url}' })`)).toBe('open');
  });

  it('gets no chat where its origin is not', async () => {
    const stub = await startStubBridge();
    // Its name is none of this machine's, though it leads there.
    const elsewhere = stub.url.replace('127.0.0.1', 'elsewhere.localhost');
    await page.goto(`${elsewhere}/elsewhere`);
    await start();
    await page.waitForFunction("document.title === 'waiting'");
    expect(await chatCount()).toBe(0);
    await stub.close();
    // The page's own address, and the browser's words on the answer that it withholds.
    const own = (fault: string) => fault.startsWith(elsewhere) || fault.includes('CORS policy');
    expect(faults.splice(0).filter((fault) => !own(fault))).toEqual([]);
  });
});
