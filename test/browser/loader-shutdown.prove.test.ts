import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newContext, startChromium } from './chromium.ts';
import { sampleContact, sampleToken } from './sample-tokens.ts';
import { contact, startStubBridge, type StubBridge } from './stub-bridge.ts';

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
  stub.answer = ({ headers }) => {
    const person = headers.authorization === `Bearer ${sampleToken('bob')}` ? 'bob' : 'ann';
    return contact(sampleContact(person), stub.url);
  };
  context = await newContext(browser);
  page = await context.newPage();
  await page.goto(`${stub.url}/elsewhere`);
  await signIn('ann');
});
afterEach(async () => {
  await context.close();
  await stub.close();
});

const signIn = (person: string) => page.evaluate(`sessionStorage.setItem('token', '${sampleToken(person)}')`);
const look = "dispatchEvent(new Event('pageshow'))";
const shutdown = 'void contactBridge.shutdown()';
const chats = () => page.evaluate('window.chats');
/** Where the chat stands, and whether it is seen, once all that an abort sets off is over: nothing of it waits for a timer. */
const standing = () =>
  page.evaluate(`new Promise((resolve) => setTimeout(() => resolve([contactBridge.state,
    !!document.querySelector('#maiagent-chat')?.getClientRects().length])))`);

describe('a chat that the page shuts down while the loader looks who is signed in stays shut', () => {
  beforeEach(async () => {
    await page.goto(`${stub.url}/page`);
    expect(await page.evaluate('started')).toBe('open');
    await page.waitForSelector('#maiagent-chat');
  });

  it('where the page still has to give the token', async () => {
    await page.evaluate(`${look}; ${shutdown}`);
    expect(await standing()).toEqual(['closed', false]);
  });

  it('where the API still has to answer', async () => {
    stub.answer = () => new Promise(() => {});
    await page.evaluate(`performance.now = () => 1e9; ${look}; 0`);
    await expect.poll(() => stub.asked.length).toBe(2);
    await page.evaluate(shutdown);
    expect(await standing()).toEqual(['closed', false]);
  });
});

describe('when the page shuts down and starts while MaiAgent’s script loads, the loader', () => {
  const start = `window.again =
    contactBridge.start({ api: location.origin, token: () => sessionStorage.getItem('token') }); 0`;
  let release: () => void;

  beforeEach(async () => {
    const until = new Promise<void>((resolve) => (release = resolve));
    await context.route('**/embed.js', async (route) => {
      await until;
      await route.continue();
    });
    await page.goto(`${stub.url}/page`);
    await page.waitForFunction('window.maiagentChatbotConfig');
    await page.evaluate(shutdown);
  });

  it('opens the chat', async () => {
    await page.evaluate(start);
    release();
    expect([await page.evaluate('again'), await page.evaluate('started')]).toEqual(['open', 'superseded']);
    expect(await standing()).toEqual(['open', true]);
    expect(await chats()).toEqual([sampleContact('ann')]);
  });

  it('opens none where it is shut down once more', async () => {
    await page.evaluate(start);
    await page.evaluate(shutdown);
    release();
    expect(await page.evaluate('again')).toBe('superseded');
    expect([await standing(), await chats()]).toEqual([['closed', false], undefined]);
  });

  it('asks anew where the script cannot be had', async () => {
    stub.scriptUp = false;
    await page.evaluate(start);
    release();
    await expect.poll(() => stub.asked.length).toBe(2);
    stub.scriptUp = true;
    expect(await page.evaluate('again')).toBe('open');
  });

  it('reloads the page for somebody else', async () => {
    await signIn('bob');
    await page.evaluate(start);
    const loaded = page.waitForEvent('load');
    release();
    await loaded;
    await page.waitForSelector('#maiagent-chat');
    expect(await chats()).toEqual([sampleContact('bob')]);
  });
});
