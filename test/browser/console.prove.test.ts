import { createHmac } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { localDeployment } from '../../local/commands/deployment.ts';
import { startConsole } from '../../local/console/console.ts';
import { addChecker, violations } from './accessibility.ts';
import { newContext, startChromium } from './chromium.ts';

declare const document: {
  querySelector(selector: string): { readonly textContent: string | null } | null;
  readonly documentElement: { readonly scrollWidth: number };
  readonly activeElement: {
    readonly textContent: string | null;
    readonly labels?: readonly { readonly textContent: string | null }[];
  } | null;
};

let bridge: Bridge;
let console_: Awaited<ReturnType<typeof startConsole>>;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [bridge, browser] = await Promise.all([startBridge({ port: 0, quiet: true }), startChromium()]);
  console_ = await startConsole(localDeployment(bridge.url), {});
  for (const sub of ['sample-member', 'sample/guest ü', 'to-erase']) expect(await signIn(sub)).toBe(200);
  for (const { id } of bridge.emulator!.store.liveContacts.slice(0, 1))
    bridge.emulator!.store.addConversation(id, { title: 'A sample conversation' });
  expect(await hear('event-1', 'never')).toBe(202);
});
afterAll(async () => {
  await browser?.close();
  await console_?.close();
  await bridge?.close();
});
beforeEach(async () => {
  faults = [];
  context = await newContext(browser);
  await addChecker(context);
  page = await context.newPage();
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (line) => {
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) faults.push(line.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(console_.url)) faults.push(request.url());
  });
});
afterEach(async () => {
  await context.close();
  expect(faults).toEqual([]);
});

async function signIn(sub: string): Promise<number> {
  const claims = { name: `Name of ${sub}`, email: 'member@corp.example', roles: ['staff'] };
  const headers = {
    authorization: `Bearer ${await bridge.token(sub, { claims })}`,
    'content-type': 'application/json',
  };
  return (await fetch(`${bridge.url}/v1/identity`, { method: 'POST', headers, body: '{}' })).status;
}

async function hear(id: string, version: unknown): Promise<number> {
  const at = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({ type: 'user.updated', data: { userId: 'sample-member', version, name: 'Planted' } });
  const key = Buffer.from(bridge.webhookSecret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  const signed = { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
  const headers = { 'content-type': 'application/json', ...signed };
  return (await fetch(`${bridge.url}/v1/webhooks/generic`, { method: 'POST', headers, body })).status;
}

const open = async (hash: string): Promise<void> => {
  await page.goto(`${console_.url}#/${hash}`);
  await settled();
};
const settled = () => page.waitForFunction(() => !document.querySelector('#said')?.textContent?.startsWith('Asking'));
const text = (selector: string) => page.locator(selector).innerText();
const shows = (words: string) => page.locator('#view', { hasText: words }).waitFor();

/** Presses Tab until what has the focus is called so. */
async function tabTo(name: RegExp): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const { activeElement: one } = document;
      return one?.labels?.[0]?.textContent ?? one?.textContent ?? '';
    });
    if (name.test(focused)) return;
  }
  throw new Error(`Tab does not come to ${String(name)}`);
}

describe('the console', () => {
  it.each([
    ['status', 'Status', /outstanding/],
    ['people', 'People', /Search/],
    [`people/${encodeURIComponent('sample/guest ü')}`, 'sample/guest ü', /permissions +rules/],
    ['quarantine', 'Quarantine', /event-1/],
    ['broadcasts', 'Broadcasts', /Preview/],
  ])('shows %s, whole on a phone, and the accessibility checker finds nothing', async (hash, title, shown) => {
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      await open(hash);
      expect(await text('h1')).toBe(title);
      expect(await text('#view')).toMatch(shown);
      expect(await text('#failed')).toBe('');
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(await violations(page, width)).toEqual([]);
    }
  });

  it('finds a person, tells why and what happened, and erases with a receipt, by keyboard alone', async () => {
    await open('status');
    await tabTo(/^People$/);
    await page.keyboard.press('Enter');
    await shows('Search');
    await tabTo(/Part of an id/);
    await page.keyboard.type('NAME OF TO-ERASE');
    await page.keyboard.press('Enter');
    await page.waitForSelector('td a');
    await tabTo(/^to-erase$/);
    await page.keyboard.press('Enter');
    await shows('sources, the strongest first');
    await tabTo(/^Log of the last day$/);
    await page.keyboard.press('Enter');
    await shows('POST /v1/identity 200');
    await tabTo(/Type erase/);
    await page.keyboard.type('erase');
    await page.keyboard.press('Enter');
    await shows('erasure        outstanding since');
    expect(await violations(page, 1280)).toEqual([]);
    await page.reload();
    await page.locator('button', { hasText: 'Receipt of the erasure' }).press('Enter');
    await shows('erasure ');
  });

  it('shows a quarantined record when it is asked to, redrives, and discards with a reason, by keyboard alone', async () => {
    await open('quarantine');
    expect(await text('#view')).not.toContain('Planted');
    await tabTo(/^Redrive all/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#said >> text=1 found, 0 redriven, 1 left.');
    await tabTo(/^Show what is in it/);
    await page.keyboard.press('Enter');
    await shows('"name": "Planted"');
    expect(await violations(page, 1280)).toEqual([]);
    await tabTo(/^Why /);
    await page.keyboard.type('sent by a test');
    await page.keyboard.press('Enter');
    await shows('The quarantine is empty.');
  });

  it('previews a broadcast, sends it to exactly these, follows it, and shows its ledger, by keyboard alone', async () => {
    await open('broadcasts');
    await tabTo(/^What they read/);
    await page.keyboard.type('We open at nine.');
    await tabTo(/^User ids/);
    await page.keyboard.type('sample-member\nsample/guest ü\nnobody');
    await tabTo(/^Preview$/);
    await page.keyboard.press('Enter');
    await shows('gets it        1 of 2');
    await tabTo(/^Type send/);
    await page.keyboard.type('send');
    await page.keyboard.press('Enter');
    await shows('3 of 3 have their last state');
    await tabTo(/^Ledger/);
    await page.keyboard.press('Enter');
    await shows('no_conversation');
    expect(await text('[aria-label=Ledger]')).toMatch(/sample-member\s+sent[^]*nobody\s+skipped\s+not_found/);
    expect(await violations(page, 1280)).toEqual([]);
  });

  it.each(['constructor', '__proto__', 'people/%E0%A4%A'])('shows something at the address %s', async (hash) => {
    await open(hash);
    expect(`${await text('#view')}${await text('#failed')}`).not.toBe('');
  });

  it('changes a scheduled broadcast, pauses it and lets it go on, by keyboard alone', async () => {
    const token = await bridge.token('back-office', { scope: 'broadcasts.read broadcasts.write contacts.read' });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const schedule = { kind: 'cron', cron: '0 9 ? * MON *', timeZone: 'UTC' };
    const body = JSON.stringify({ message: 'We open at ten.', audience: { kind: 'users', userIds: ['a'] }, schedule });
    expect((await fetch(`${bridge.url}/v1/broadcasts`, { method: 'POST', headers, body })).status).toBe(201);
    await open('broadcasts');
    await tabTo(/^2/);
    await page.keyboard.press('Enter');
    await shows('We open at ten.');
    await tabTo(/^Pause it$/);
    await page.keyboard.press('Enter');
    await shows('state          paused');
    await tabTo(/^What they read/);
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('We open at eleven.');
    await tabTo(/^Change the message$/);
    await page.keyboard.press('Enter');
    await shows('message        We open at eleven.');
    await tabTo(/^Let it go on$/);
    await page.keyboard.press('Enter');
    await shows('next ');
    expect(await text('#view')).toMatch(/state +(accepted|scheduled)/);
    // It is followed again, and where it cannot be, what was seen last stays and is said to be old.
    await page.route('**/api/broadcast', (route) =>
      route.fulfill({ status: 502, json: { message: 'it has expired' } }),
    );
    await page.waitForSelector('#failed:text-is("What is shown gets old: it has expired")');
    expect(await text('#view')).toContain('We open at eleven.');
    await page.unroute('**/api/broadcast');
    await page.waitForSelector('#failed:text-is("")', { state: 'attached' });
    expect(await violations(page, 1280)).toEqual([]);
  });

  it('says what it knows while MaiAgent is down', async () => {
    await bridge.emulator!.goDown('refuse');
    try {
      await open('status');
      expect(await text('#view')).toContain('outstanding');
      await open('people/sample-member');
      expect(await text('#view')).toContain('Name of sample-member');
      await open('broadcasts');
      await page.fill('[name=message]', 'We open at nine.');
      await page.click('button >> text=Preview');
      // The run before has taught it.
      await shows('as of');
    } finally {
      await bridge.emulator!.goUp();
    }
  });

  it('says so where the bridge is gone', async () => {
    const alone = await startConsole(localDeployment('http://localhost:1'), {});
    try {
      const response = await fetch(`${alone.url}api/status`, {
        method: 'POST',
        body: '{}',
      });
      expect([response.status, await response.json()]).toEqual([
        502,
        { message: expect.stringContaining('nothing answers at http://localhost:1') },
      ]);
    } finally {
      await alone.close();
    }
  });
});
