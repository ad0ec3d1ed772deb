import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { newContext, startChromium } from './chromium.ts';
import { sampleContact, sampleToken } from './sample-tokens.ts';
import { contact, startStubBridge, type Asked, type Reply, type StubBridge } from './stub-bridge.ts';

export const ann = sampleToken('ann');
export const bob = sampleToken('bob');

/** Whom a request asks for, as the stub API sees it. */
export function personOf({ headers }: Asked): string {
  const payload = headers.authorization?.split('.')[1];
  return payload ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }).sub : 'visitor';
}

/**
 * For every test of a file a stub bridge and a page in a browser profile of its own, and words for what a test does and sees there.
 * The API gives everybody their contact, until a test decides otherwise.
 */
export class LoaderPage {
  stub!: StubBridge;
  context!: BrowserContext;
  page!: Page;
  /** What the loader wrote on the console. */
  lines: string[] = [];

  constructor() {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await startChromium();
    });
    afterAll(() => browser?.close());
    beforeEach(async () => {
      this.stub = await startStubBridge();
      this.stub.answer = (asked) => this.contactOf(personOf(asked));
      this.context = await newContext(browser!);
      this.page = await this.context.newPage();
      this.lines = [];
      this.page.on('console', (line) => line.text().startsWith('contactBridge') && this.lines.push(line.text()));
    });
    afterEach(async () => {
      await this.context.close();
      await this.stub.close();
    });
  }

  /** Opens the page as the person of `token`, as a visitor without one. */
  readonly visit = async (token?: string): Promise<void> => {
    if (token !== undefined) {
      await this.page.goto(`${this.stub.url}/elsewhere`);
      await this.signIn(token);
    }
    await this.page.goto(`${this.stub.url}/page`);
  };
  /** Signs in without telling the loader of it. */
  readonly signIn = (token: string) => this.evaluate(`sessionStorage.setItem('token', '${token}')`);
  readonly signOut = () => this.evaluate("sessionStorage.removeItem('token')");
  /** Does what leads to a reload, and waits for the chat after that. */
  readonly reloadBy = async (act: () => unknown): Promise<void> => {
    await Promise.all([this.page.waitForEvent('load'), act()]);
    await this.page.waitForSelector('#maiagent-chat');
  };

  readonly evaluate = <Value>(expression: string) => this.page.evaluate<Value>(expression);
  readonly outcome = () => this.evaluate('started');
  readonly states = () => this.evaluate<string[]>('states');
  readonly chats = () => this.evaluate('window.chats');
  /** How often MaiAgent's script ran. */
  readonly scripts = () => this.evaluate('window.chatScripts ?? 0');
  readonly config = () => this.evaluate('window.maiagentChatbotConfig');
  /** What was asked of the chat, reloads before included. */
  readonly calls = () => this.evaluate("sessionStorage.getItem('calls')");
  readonly isSeen = () => this.evaluate("document.querySelector('#maiagent-chat').getClientRects().length > 0");
  readonly visitorToken = () => this.evaluate('localStorage.getItem(`contact-bridge.visitor:${location.origin}`)');

  /** The answer of the API that opens this person's chat. */
  readonly contactOf = (person: string, more?: Record<string, unknown>): Reply =>
    contact(sampleContact(person), this.stub.url, more);
  /** The API's answers in turn; the last one stays. */
  readonly answers = (...replies: Reply[]): void => {
    this.stub.answer = () => (replies.length > 1 ? replies.shift()! : replies[0]!);
  };
  /** Holds the API's answer for `person` back until the test releases it. */
  readonly heldAnswer = (person: string, reply = this.contactOf(person)): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stub.answer = async (asked) => {
      if (personOf(asked) !== person) return this.contactOf(personOf(asked));
      await promise;
      return reply;
    };
    return resolve;
  };
  /** Holds this file of the stub bridge back until the test releases it. */
  readonly heldFile = async (name: string): Promise<() => void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await this.page.route(`**/${name}`, async (route) => {
      await promise;
      await route.continue();
    });
    return resolve;
  };
}
