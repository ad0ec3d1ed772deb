import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startChromium } from '../browser/chromium.ts';
import { live, useEmulator, type Json } from './platform.ts';
import { until } from '../rigs/until.ts';

describe.skipIf(live)('the embed script in a browser', () => {
  const bench = useEmulator();
  let browser: Browser;
  let site: Server;
  let origin: string;
  let html = '';
  let page: Page;

  beforeAll(async () => {
    browser = await startChromium();
    // A page of another origin than the emulator, as the enterprise's page is.
    site = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html));
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  });
  afterEach(async () => page.context().close());
  afterAll(async () => {
    await browser.close();
    site.close();
  });

  const config = (fields: Json) => {
    const webChatId = bench.emulator.store.inboxes[0]?.webChatId;
    return `<script>window.maiagentChatbotConfig = ${JSON.stringify({ webChatId, baseUrl: '/web-chats', ...fields })}</script>`;
  };
  const script = () => `<script src="${bench.emulator.url}/js/embed.min.js" defer></script>`;

  async function open(body: string): Promise<Json[]> {
    html = `<!doctype html><title>Sample site</title><body>${body}</body>`;
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
    page = await context.newPage();
    const problems: Json[] = [];
    page.on('pageerror', (error) => problems.push({ error: error.message }));
    page.on('request', (request) => {
      const { host, pathname } = new URL(request.url());
      const known = [new URL(origin).host, new URL(bench.emulator.url).host];
      if (!known.includes(host)) problems.push({ host, pathname });
    });
    await page.goto(origin, { waitUntil: 'load' });
    return problems;
  }

  const says = () => page.locator('#maiagent-chat').innerText();

  it('shows the contact that it was given, in the document and in the panel, and asks nobody else', async () => {
    const contactId = await bench.create();
    const problems = await open(config({ contactId }) + script());
    expect(await page.locator('#maiagent-chat').getAttribute('data-contact-id')).toBe(contactId);
    expect(await says()).toContain(`Chat open as contact ${contactId}`);
    expect(problems).toEqual([]);
  });

  it('shows that it was given no contact', async () => {
    await open(config({}) + script());
    expect(await says()).toContain('Chat open without a contact');
    expect(await page.locator('#maiagent-chat').getAttribute('data-contact-id')).toBeNull();
  });

  it('does nothing when it comes after the load event, until document.body.onload is called', async () => {
    await open(config({}));
    await page.addScriptTag({ url: `${bench.emulator.url}/js/embed.min.js` });
    expect(await page.locator('#maiagent-chat').count()).toBe(0);
    await page.evaluate('document.body.onload()');
    expect(await page.locator('#maiagent-chat').count()).toBe(1);
  });

  it('counts how often it was loaded and started', async () => {
    await open(config({}) + script() + script());
    expect(await page.evaluate('[__maiagentEmbedLoads, __maiagentEmbedStarts]')).toEqual([2, 1]);
  });

  it('opens and closes by MaiAgent.control and by its buttons', async () => {
    await open(config({}) + script());
    const isOpen = () => page.evaluate('MaiAgent.control.isOpen()');
    expect(await isOpen()).toBe(true);
    await page.evaluate('MaiAgent.control.close()');
    expect([await isOpen(), await page.locator('#maiagent-chat section').isVisible()]).toEqual([false, false]);
    await page.getByLabel('Open or close the chat').click();
    expect(await isOpen()).toBe(true);
  });

  it('sends what is typed to the contact, shows the answer and reports it as messageReply', async () => {
    const contactId = await bench.create();
    await open(config({ contactId }) + script());
    await page.evaluate('MaiAgent.events.on("messageReply", (message) => { window.heard = message.content; })');
    await page.getByLabel('Write a message').fill('Hello there');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.waitForFunction('window.heard');
    expect(await page.evaluate('window.heard')).toBe('You said: Hello there');
    expect(await says()).toContain('You said: Hello there');
    await page.evaluate('MaiAgent.chat.send("Again")');
    await until(() => bench.emulator.store.conversationsOf(contactId)[0]?.messages.length === 4);
    expect(bench.emulator.store.conversationsOf(contactId)).toMatchObject([
      { messages: [{ type: 'incoming' }, {}, {}, {}] },
    ]);
  });

  it('keeps one anonymous contact for who chats without one', async () => {
    await open(config({}) + script());
    await page.evaluate('MaiAgent.chat.send("One")');
    await page.evaluate('MaiAgent.chat.send("Two")');
    expect(bench.emulator.store.contacts).toMatchObject([{ name: '匿名', sourceId: null }]);
  });

  it('shows the history of the last person after a reload, unless it was cleared, and records the call', async () => {
    await open(config({ contactId: await bench.create() }) + script());
    await page.evaluate('MaiAgent.chat.send("Something private")');
    html = html.replace(/"contactId":"[^"]*"/, `"contactId":"${await bench.create()}"`);
    await page.reload({ waitUntil: 'load' });
    expect(await says()).toContain('Something private');
    await page.evaluate('MaiAgent.chat.clearHistory(); MaiAgent.chat.newConversation(); MaiAgent.control.close()');
    await page.reload({ waitUntil: 'load' });
    expect(await says()).not.toContain('Something private');
    const recorded = await page.evaluate('JSON.parse(sessionStorage.getItem("maiagent-calls"))');
    expect(recorded).toEqual(['send', 'clearHistory', 'newConversation', 'close']);
  });

  it('shows what is written into the conversation meanwhile, to the contact and nobody else, and nothing that was cleared', async () => {
    const [contactId, other] = [await bench.create(), await bench.create()];
    await open(config({ contactId }) + script());
    await page.evaluate('MaiAgent.chat.send("Hello")');
    const [conversation] = bench.emulator.store.conversationsOf(contactId);
    bench.emulator.store.addMessage(conversation!, { content: 'We close at noon' });
    await page.waitForSelector('#maiagent-chat li >> text=We close at noon');
    // One question is on its way when the page clears the history; its answer changes nothing, and no other follows.
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/conversation', (route) => held.then(() => route.continue()));
    const asked = await page.waitForRequest('**/conversation');
    await page.clock.install();
    await page.evaluate('MaiAgent.chat.clearHistory()');
    let more = 0;
    page.on('request', () => (more += 1));
    release();
    await (await asked.response())!.finished();
    await page.clock.runFor(120_000);
    expect([more, await says()]).toEqual([0, expect.not.stringContaining('We close at noon')]);
    const ask = (body: Json, headers = {}) =>
      fetch(`${bench.emulator.url}/web-chats/${bench.emulator.store.inboxes[0]!.webChatId}/conversation`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers,
      });
    expect(await (await ask({ contactId })).json()).toMatchObject({
      messages: [{}, {}, { content: 'We close at noon' }],
    });
    expect(
      await Promise.all([{ contactId: other }, {}, { contactId: 7 }].map(async (body) => (await ask(body)).json())),
    ).toEqual([{}, {}, {}]);
    expect((await ask({ contactId }, { origin: 'https://stranger.example' })).status).toBe(403);
  });

  it('stays out of the way on a narrow screen until it is touched', async () => {
    await open(config({}) + script());
    await page.setViewportSize({ width: 360, height: 700 });
    await page.reload({ waitUntil: 'load' });
    expect(await page.locator('#maiagent-chat section').isVisible()).toBe(false);
    await page.getByLabel('Open or close the chat').click();
    const box = await page.locator('#maiagent-chat section').boundingBox();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect(Number(box?.x) + Number(box?.width)).toBeLessThanOrEqual(360);
  });

  it('fills the page of its own at /web-chats/{webChatId}', async () => {
    await open('');
    await page.goto(`${bench.emulator.url}/web-chats/other-web-chat`, { waitUntil: 'load' });
    expect(await says()).toContain('Chat open without a contact');
    expect((await fetch(`${bench.emulator.url}/web-chats/nothing`)).status).toBe(404);
  });

  it('is served to pages of this machine alone, also while the API is down', async () => {
    await bench.emulator.goDown('refuse');
    const url = `${bench.emulator.controlUrl}/js/embed.min.js`;
    const answer = await fetch(url, { headers: { origin } });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    expect(await answer.text()).toContain('document.body.onload');
    const refused = await fetch(url, { headers: { origin: 'https://stranger.example' } });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });
});
