import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startChromium } from './chromium.ts';
import { sampleContact } from './sample-tokens.ts';
import { contact, pageHtml, startStubBridge, type StubBridge } from './stub-bridge.ts';

let browser: Browser;
let stub: StubBridge;
let page: Page;

beforeAll(async () => {
  [browser, stub] = await Promise.all([startChromium(), startStubBridge()]);
});
afterAll(async () => {
  await browser?.close();
  await stub?.close();
});

const member = sampleContact('member');

/** Every global and every member of the document that the loader reads or writes, and what both inherit. */
const ofWindow = ['contactBridge', 'maiagentChatbotConfig', 'MaiAgent', 'addEventListener', 'toString', 'valueOf'];
const builtIn = [
  'fetch',
  'navigator',
  'localStorage',
  'location',
  'setTimeout',
  'Promise',
  'JSON',
  'Document',
  'Reflect',
];
const ofDocument = ['createElement', 'head', 'hidden', 'readyState', 'currentScript', 'addEventListener'];
const names = [...new Set([...ofWindow, ...builtIn, ...ofDocument])];

/** Markup that a page might let its users write. */
const kinds: Record<string, (name: string) => string> = {
  'links by id': (name) => `<a id="${name}" href="https://stranger.example/"></a>`,
  'two links by id': (name) => `<a id="${name}"></a><a id="${name}"></a>`,
  'images by name': (name) => `<img name="${name}" id="${name}">`,
  'forms by name': (name) => `<form name="${name}"><input name="start"><input name="value"></form>`,
  'frames by name': (name) => `<iframe name="${name}" srcdoc="<a id=start></a>"></iframe>`,
};

describe.each(Object.entries(kinds))('a page with %s', (_, markup) => {
  beforeEach(async () => {
    const context = await browser.newContext();
    page = await context.newPage();
    stub.answer = () => contact(member, stub.url);
    stub.html = pageHtml({ head: names.map(markup).join('') });
    return () => context.close();
  });

  it('gives its contact to the chat', async () => {
    stub.scriptUp = true;
    await page.goto(`${stub.url}/page`);
    expect(await page.evaluate('started')).toBe('open');
    // What such elements do to MaiAgent's script is MaiAgent's.
    expect(await page.evaluate('[chatScripts, maiagentChatbotConfig.contactId]')).toEqual([1, member]);
  });

  it('is left without the contact id where there is no chat', async () => {
    stub.scriptUp = false;
    await page.goto(`${stub.url}/page`);
    await page.waitForFunction("states.some((state) => state === 'waiting no_script')");
    expect(await page.evaluate('window.maiagentChatbotConfig?.contactId')).toBeUndefined();
  });
});
