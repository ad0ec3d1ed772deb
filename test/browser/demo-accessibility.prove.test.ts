import { expect, it } from 'vitest';
import { addChecker, violations } from './accessibility.ts';
import { DemoPage } from './demo-page.ts';

const at = new DemoPage();

it.each(['en', 'ja', 'zh-Hant'])(
  'the portal in %s and its chat leave the checker nothing to find',
  async (language) => {
    const { page, emulator } = at;
    await addChecker(at.context);
    const findings = () => violations(page, 1280, 360);
    await page.addInitScript(`localStorage.setItem('language', '${language}')`);
    await page.goto(at.url);
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
    await emulator.goDown('refuse');
    await page.click('#as-visitor');
    await page.waitForSelector('[data-state=waiting]');
    expect(await findings()).toEqual([]);
    await emulator.goUp();
    await page.goto(`${emulator.controlUrl}/web-chats/${emulator.store.inboxes[0]!.webChatId}`);
    await page.waitForSelector('#maiagent-chat');
    expect(await findings()).toEqual([]);
  },
);
