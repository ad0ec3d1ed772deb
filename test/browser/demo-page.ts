import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { newContext, startChromium } from './chromium.ts';

/** A bridge on this machine for a test file, and for each test a page in a browser profile of its own, which may not err. */
export class DemoPage {
  context!: BrowserContext;
  page!: Page;
  /** What no page of the demo may do: an error of its own, or a request to a stranger. */
  faults: string[] = [];
  #bridge: Bridge | undefined;

  constructor() {
    let browser: Browser | undefined;
    beforeAll(async () => {
      [this.#bridge, browser] = await Promise.all([startBridge({ port: 0, quiet: true }), startChromium()]);
    });
    afterAll(async () => {
      await browser?.close();
      await this.#bridge?.close();
    });
    beforeEach(async () => {
      this.context = await newContext(browser!);
      this.page = await this.context.newPage();
      this.#watch();
    });
    afterEach(async () => {
      await this.context.close();
      expect(this.faults).toEqual([]);
    });
  }

  #watch(): void {
    this.faults = [];
    const ours = [this.url, this.emulator.url, this.emulator.controlUrl, this.url.replace('localhost', '127.0.0.1')];
    this.page.on('pageerror', ({ message }) => this.faults.push(message));
    // The browser itself writes a line about each refusal of the API (403, 503); everything else is the page's.
    this.page.on('console', (line) => {
      if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) this.faults.push(line.text());
    });
    this.page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== 'data:' && !ours.includes(origin)) this.faults.push(request.url());
    });
  }

  get url(): string {
    return this.#bridge!.url;
  }

  get emulator() {
    return this.#bridge!.emulator!;
  }

  /** Waits until the chat is open as `name`, and answers its contact. */
  readonly chatOf = async (name: string): Promise<string> => {
    await this.page.waitForSelector(`[data-state=open] >> text=Open as ${name}.`);
    return (await this.page.getAttribute('#maiagent-chat', 'data-contact-id')) ?? 'none';
  };
  readonly chatCount = () => this.page.locator('#maiagent-chat').count();
  readonly contactNow = (id: string) => this.emulator.store.contacts.find((contact) => contact.id === id);
}
