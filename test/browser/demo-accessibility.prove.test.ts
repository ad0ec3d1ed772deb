import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { addChecker, violations } from './accessibility.ts';
import { newContext, startChromium } from './chromium.ts';

let bridge: Bridge;
let browser: Browser;

beforeAll(async () => {
  [bridge, browser] = await Promise.all([startBridge({ port: 0, quiet: true }), startChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await bridge?.close();
});

it.each(['en', 'ja', 'zh-Hant'])(
  'the portal in %s and its chat leave the checker nothing to find',
  async (language) => {
    const context = await newContext(browser);
    await addChecker(context);
    const page = await context.newPage();
    const findings = () => violations(page, 1280, 360);
    await page.addInitScript(`localStorage.setItem('language', '${language}')`);
    await page.goto(bridge.url);
    await page.waitForSelector('[data-state=open]');
    await page.click('#as-sample-staff');
    await page.waitForSelector('#events >> text=person_changed');
    await page.waitForSelector('#contact dl');
    await page.evaluate('MaiAgent.control.open()');
    for (const [index] of ['one', 'two', 'three'].entries()) {
      await page.fill('#maiagent-chat input', 'Good morning');
      await page.press('#maiagent-chat input', 'Enter');
      await page.waitForSelector(`#maiagent-chat li.incoming + li >> nth=${index}`);
    }
    await page.click('#anyone summary');
    await page.evaluate("document.querySelectorAll('.record details').forEach((one) => (one.open = true))");
    expect(await findings()).toEqual([]);
    await page.click('#as-sample-disabled');
    await page.waitForSelector('[data-state=refused]');
    expect(await findings()).toEqual([]);
    await bridge.emulator!.goDown('refuse');
    await page.click('#as-visitor');
    await page.waitForSelector('[data-state=waiting]');
    expect(await findings()).toEqual([]);
    await bridge.emulator!.goUp();
    await page.goto(`${bridge.emulator!.controlUrl}/web-chats/${bridge.emulator!.store.inboxes[0]!.webChatId}`);
    await page.waitForSelector('#maiagent-chat');
    expect(await findings()).toEqual([]);
    await context.close();
  },
);
