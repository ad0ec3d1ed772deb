import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newContext, startChromium } from './chromium.ts';
import { sampleContact, sampleToken } from './sample-tokens.ts';
import { contact, pageHtml, startStubBridge, type Asked, type StubBridge } from './stub-bridge.ts';

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
  stub.answer = (asked) => contact(sampleContact(personOf(asked)), stub.url);
  context = await newContext(browser);
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
  await stub.close();
});

const ann = sampleToken('ann');
const bob = sampleToken('bob');

/** Whom a request asks for, as the stub API sees it. */
function personOf({ headers }: Asked): string {
  const payload = headers.authorization?.split('.')[1];
  return payload ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }).sub : 'visitor';
}

/** Opens the page and signs in with `token`, without telling the loader of it. */
async function open(token: string): Promise<void> {
  await page.goto(`${stub.url}/elsewhere`);
  await signIn(token);
  await page.goto(`${stub.url}/page`);
}

const signIn = (token: string) => page.evaluate(`sessionStorage.setItem('token', '${token}')`);
const signOut = () => page.evaluate("sessionStorage.removeItem('token')");
const chats = () => page.evaluate('window.chats');
const calls = () => page.evaluate("sessionStorage.getItem('calls')");
/** Fires a change at the loader without waiting for its promise: the page may be gone before that settles. */
const personChanged = () => page.evaluate('void contactBridge.personChanged()');

/** An answer for `person` that comes when the test says so. */
function held(person: string): () => void {
  let release = () => {};
  const until = new Promise<void>((resolve) => (release = resolve));
  stub.answer = async (asked) => {
    if (personOf(asked) === person) await until;
    return contact(sampleContact(personOf(asked)), stub.url);
  };
  return release;
}

describe('when the person changes before the chat is open, the loader', () => {
  it('drops the answer of the former person, though nobody told it', async () => {
    const release = held('ann');
    await open(ann);
    await expect.poll(() => stub.asked.length).toBe(1);
    await signIn(bob);
    release();
    expect(await page.evaluate('started')).toBe('open');
    expect(await chats()).toEqual([sampleContact('bob')]);
    expect(stub.asked.map(personOf)).toEqual(['ann', 'bob']);
  });

  it('asks for the new one at once when it is told, and ends the former request', async () => {
    held('ann');
    await open(ann);
    await expect.poll(() => stub.asked.length).toBe(1);
    await signIn(bob);
    expect(await page.evaluate('contactBridge.personChanged()')).toBe('open');
    expect(await page.evaluate('started')).toBe('superseded');
    expect(await chats()).toEqual([sampleContact('bob')]);
  });

  it('ends a long wait of the former one', async () => {
    stub.answer = (asked) =>
      personOf(asked) === 'ann'
        ? { status: 503, headers: { 'retry-after': '3600' } }
        : contact(sampleContact('visitor'), stub.url);
    await open(ann);
    await page.waitForFunction("states.includes('waiting http_503')");
    await signOut();
    expect(await page.evaluate('contactBridge.personChanged()')).toBe('open');
    expect(await page.evaluate('started')).toBe('superseded');
    expect(await chats()).toEqual([sampleContact('visitor')]);
  });

  it('drops a refusal of the former one', async () => {
    const release = held('ann');
    const answer = stub.answer;
    stub.answer = async (asked) => {
      const reply = await answer(asked);
      return personOf(asked) === 'ann' ? { status: 403, body: { code: 'user_disabled' } } : reply;
    };
    await open(ann);
    await expect.poll(() => stub.asked.length).toBe(1);
    await signIn(bob);
    release();
    expect(await page.evaluate('started')).toBe('open');
    expect(await chats()).toEqual([sampleContact('bob')]);
  });

  it('asks again with a token that was renewed in the meantime', async () => {
    const renewed = sampleToken('ann', 2);
    stub.answer = async (asked) => {
      if (asked.headers.authorization === `Bearer ${renewed}`) return contact(sampleContact('ann'), stub.url);
      await signIn(renewed);
      return { status: 401 };
    };
    await open(ann);
    expect(await page.evaluate('started')).toBe('open');
    expect(stub.asked).toHaveLength(2);
  });

  it('opens nothing while the page cannot say who is signed in', async () => {
    stub.html = pageHtml({
      options: "token: () => { if (!window.known) throw new Error('unknown'); return 'opaque'; },",
    });
    await page.goto(`${stub.url}/page`);
    await page.waitForFunction("states.includes('waiting token')");
    expect(stub.asked).toEqual([]);
    await page.evaluate('window.known = true');
    expect(await page.evaluate('started')).toBe('open');
    expect(stub.asked).toMatchObject([{ path: '/v1/identity', headers: { authorization: 'Bearer opaque' } }]);
  });
});

describe('when the person changes after the chat was opened, the loader', () => {
  beforeEach(async () => {
    await open(ann);
    expect(await page.evaluate('started')).toBe('open');
  });

  it('leaves the chat alone where it is the same person with a new token', async () => {
    await signIn(sampleToken('ann', 2));
    expect(await page.evaluate('contactBridge.personChanged()')).toBe('open');
    expect(await calls()).toBeNull();
    expect(stub.asked).toHaveLength(1);
  });

  it.each([
    ['another account', bob, 'bob'],
    ['a visitor', '', 'visitor'],
  ])('empties and closes the chat, and reloads the page for %s', async (_, token, person) => {
    await signIn(token);
    await Promise.all([page.waitForEvent('load'), personChanged()]);
    await page.waitForSelector('#maiagent-chat');
    expect(await calls()).toBe('close clearHistory newConversation ');
    expect(await chats()).toEqual([sampleContact(person)]);
  });

  it('reloads though the chat throws or never answers', async () => {
    await page.evaluate("MaiAgent.chat.clearHistory = () => { throw new Error('chat'); }");
    await page.evaluate('MaiAgent.chat.newConversation = () => new Promise(() => {})');
    await signIn(bob);
    await Promise.all([page.waitForEvent('load'), personChanged()]);
    await page.waitForSelector('#maiagent-chat');
    expect(await calls()).toBe('close ');
    expect(await chats()).toEqual([sampleContact('bob')]);
  });

  it('reloads when the token cannot be had any more', async () => {
    await page.evaluate("sessionStorage.getItem = () => { throw new Error('gone'); }");
    await page.evaluate("Storage.prototype.getItem = () => { throw new Error('gone'); }");
    await Promise.all([page.waitForEvent('load'), personChanged()]);
    expect(await page.evaluate('started')).toBe('open');
  });

  it('reloads when a second start speaks for another person', async () => {
    await signIn(bob);
    const again = "void contactBridge.start({ api: location.origin, token: () => sessionStorage.getItem('token') })";
    await Promise.all([page.waitForEvent('load'), page.evaluate(again)]);
    await page.waitForSelector('#maiagent-chat');
    expect(await chats()).toEqual([sampleContact('bob')]);
  });

  it('reloads when the page comes back from the back/forward cache after a sign-out', async () => {
    await signOut();
    // A page that comes back is as it was left, and is told so by this event alone (HTML, "PageTransitionEvent").
    const back = "void dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))";
    await Promise.all([page.waitForEvent('load'), page.evaluate(back)]);
    await page.waitForSelector('#maiagent-chat');
    expect(await chats()).toEqual([sampleContact('visitor')]);
    expect(await calls()).toBe('close clearHistory newConversation ');
  });

  describe('in another tab', () => {
    /** Another tab of this browser signs in as somebody else: its page keeps that where all tabs see it. */
    const signInElsewhere = async () => {
      const other = await context.newPage();
      await other.goto(`${stub.url}/elsewhere`);
      await signIn(bob);
      await other.evaluate("localStorage.setItem('signed-in', 'bob')");
      await page.waitForFunction("states.some((one) => one.includes('person_changed'))");
    };
    const isSeen = () => page.evaluate("document.querySelector('#maiagent-chat')?.getClientRects().length > 0");
    const comeBack = () => page.evaluate("void dispatchEvent(new Event('focus'))");
    const type = (text: string) => page.evaluate(`document.querySelector('textarea').value = '${text}'`);

    it('closes the chat at once, and reloads when somebody comes back', async () => {
      // Nothing was typed into these.
      const untouched = ['checkbox', 'radio', 'range', 'color', 'submit', 'text'].map((type) => `<input type=${type}>`);
      await page.evaluate(
        `document.body.insertAdjacentHTML('beforeend', '${untouched.join('')}<textarea></textarea>')`,
      );
      expect(await isSeen()).toBe(true);
      await signInElsewhere();
      await page.waitForFunction("sessionStorage.getItem('calls')?.includes('newConversation')");
      expect([await isSeen(), await calls()]).toEqual([false, 'close clearHistory newConversation ']);
      await Promise.all([page.waitForEvent('load'), comeBack()]);
      await page.waitForSelector('#maiagent-chat');
      expect(await chats()).toEqual([sampleContact('bob')]);
    });

    it('loses nothing that was typed', async () => {
      await page.evaluate("document.body.append(document.createElement('textarea'))");
      await type('half a letter');
      await signInElsewhere();
      await comeBack();
      expect(await page.evaluate("contactBridge.state + document.querySelector('textarea').value")).toBe(
        'reloadinghalf a letter',
      );
      await type('');
      await Promise.all([page.waitForEvent('load'), comeBack()]);
      await page.waitForSelector('#maiagent-chat');
      expect(await chats()).toEqual([sampleContact('bob')]);
    });

    it('leaves it to the page that wants to decide', async () => {
      const options = "onState: (state) => states.push(state), onPersonChanged: () => states.push('told'), token";
      await page.evaluate(
        `contactBridge.start({ api: location.origin, ${options}: () => sessionStorage.getItem('token') }); void (states.length = 0)`,
      );
      const other = await context.newPage();
      await other.goto(`${stub.url}/elsewhere`);
      await signIn(bob);
      await other.evaluate("localStorage.setItem('signed-in', 'bob')");
      await page.waitForFunction("states.includes('told')");
      await comeBack();
      expect([await page.evaluate('states'), await isSeen()]).toEqual([['closed', 'told'], false]);
      expect(await page.evaluate('contactBridge.personChanged()')).toBe('closed');
    });
  });

  it('closes the chat of somebody who was disabled meanwhile, at the next look', async () => {
    stub.answer = () => ({ status: 403, body: { code: 'user_disabled' } });
    await page.evaluate('performance.now = () => 1e9');
    await page.evaluate("void document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
    await page.waitForFunction("states.includes('refused user_disabled')");
    expect(await page.evaluate("document.querySelector('#maiagent-chat').getClientRects().length")).toBe(0);
    expect(await calls()).toBe('close clearHistory newConversation ');
  });

  it.each([
    ['an API that is away', { status: 503 }],
    ['a token that ran out', { status: 401 }],
  ])('leaves the chat open for %s', async (_, reply) => {
    stub.answer = () => reply;
    await page.evaluate('performance.now = () => 1e9');
    expect(await page.evaluate('contactBridge.personChanged()')).toBe('open');
    expect([stub.asked.length, await calls()]).toEqual([2, null]);
  });

  it('shuts the chat down and shows it again', async () => {
    expect(await page.evaluate('contactBridge.shutdown()')).toBe('closed');
    expect(await page.evaluate("document.querySelector('#maiagent-chat').getClientRects().length")).toBe(0);
    const again = "contactBridge.start({ api: location.origin, token: () => sessionStorage.getItem('token') })";
    expect(await page.evaluate(again)).toBe('open');
    expect(await page.evaluate("document.querySelector('#maiagent-chat').getClientRects().length")).toBe(1);
    expect([await chats(), stub.asked.length]).toEqual([[sampleContact('ann')], 2]);
  });

  it('starts no chat whose script arrives after the person has changed', async () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/embed.js', async (route) => {
      await until;
      await route.continue();
    });
    await page.addInitScript(`window.addEventListener('pagehide', () =>
      sessionStorage.setItem('opened', (sessionStorage.getItem('opened') ?? '') + (window.chats ?? '')))`);
    await page.reload();
    await page.evaluate("sessionStorage.setItem('opened', '')");
    await page.waitForFunction('window.maiagentChatbotConfig');
    // The chat takes its time to forget, so that the script arrives while the page is being left.
    await page.evaluate('window.MaiAgent = { chat: { newConversation: () => new Promise(() => {}) } }');
    await signIn(bob);
    await personChanged();
    await page.waitForFunction("states.includes('reloading person_changed')");
    const loaded = page.waitForEvent('load');
    release();
    await loaded;
    await page.waitForSelector('#maiagent-chat');
    expect(await page.evaluate("sessionStorage.getItem('opened')")).toBe('');
    expect(await chats()).toEqual([sampleContact('bob')]);
  });
});
