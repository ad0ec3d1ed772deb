import { beforeEach, describe, expect, it } from 'vitest';
import { ann, bob, LoaderPage, personOf } from '../loader-page.ts';
import { sampleContact, sampleToken } from '../sample-tokens.ts';
import { pageHtml, type Reply } from '../stub-bridge.ts';

const at = new LoaderPage();
const { calls, chats, contactOf, evaluate, heldAnswer, heldFile, isSeen, outcome, reloadBy, signIn, signOut, visit } =
  at;
const personChanged = () => evaluate('contactBridge.personChanged()');
/** Without waiting for its promise: the page may be gone before that settles. */
const tell = () => evaluate('void contactBridge.personChanged()');

/** Ann's answer is on its way when Bob signs in without telling the loader. */
async function becomesBob(reply?: Reply): Promise<void> {
  const release = heldAnswer('ann', reply);
  await visit(ann);
  await expect.poll(() => at.stub.asked.length).toBe(1);
  await signIn(bob);
  release();
  expect(await outcome()).toBe('open');
  expect(await chats()).toEqual([sampleContact('bob')]);
}

describe('when the person changes before the chat is open, the loader', () => {
  it('drops the answer of the former person, though nobody told it', async () => {
    await becomesBob();
    expect(at.stub.asked.map(personOf)).toEqual(['ann', 'bob']);
  });

  it('asks for the new one at once when it is told, and ends the former request', async () => {
    heldAnswer('ann');
    await visit(ann);
    await expect.poll(() => at.stub.asked.length).toBe(1);
    await signIn(bob);
    expect(await personChanged()).toBe('open');
    expect(await outcome()).toBe('superseded');
    expect(await chats()).toEqual([sampleContact('bob')]);
  });

  it('ends a long wait of the former one', async () => {
    at.stub.answer = (asked) =>
      personOf(asked) === 'ann' ? { status: 503, headers: { 'retry-after': '3600' } } : contactOf(personOf(asked));
    await visit(ann);
    await at.page.waitForFunction("states.includes('waiting http_503')");
    await signOut();
    expect(await personChanged()).toBe('open');
    expect(await outcome()).toBe('superseded');
    expect(await chats()).toEqual([sampleContact('visitor')]);
  });

  it('drops a refusal of the former one', async () => {
    await becomesBob({ status: 403, body: { code: 'user_disabled' } });
  });

  it('asks again with a token that was renewed in the meantime', async () => {
    const renewed = sampleToken('ann', 2);
    at.stub.answer = async (asked) => {
      if (asked.headers.authorization === `Bearer ${renewed}`) return contactOf('ann');
      await signIn(renewed);
      return { status: 401 };
    };
    await visit(ann);
    expect(await outcome()).toBe('open');
    expect(at.stub.asked).toHaveLength(2);
  });

  it('opens nothing while the page cannot say who is signed in', async () => {
    at.stub.html = pageHtml({
      options: "token: () => { if (!window.known) throw new Error('unknown'); return 'opaque'; },",
    });
    await visit();
    await at.page.waitForFunction("states.includes('waiting token')");
    expect(at.stub.asked).toEqual([]);
    await evaluate('window.known = true');
    expect(await outcome()).toBe('open');
    expect(at.stub.asked).toMatchObject([{ path: '/v1/identity', headers: { authorization: 'Bearer opaque' } }]);
  });
});

describe('when the person changes after the chat was opened, the loader', () => {
  beforeEach(async () => {
    await visit(ann);
    expect(await outcome()).toBe('open');
  });

  it('leaves the chat alone where it is the same person with a new token', async () => {
    await signIn(sampleToken('ann', 2));
    expect(await personChanged()).toBe('open');
    expect(await calls()).toBeNull();
    expect(at.stub.asked).toHaveLength(1);
  });

  it.each([
    ['another account', bob, 'bob'],
    ['a visitor', '', 'visitor'],
  ])('empties and closes the chat, and reloads the page for %s', async (_, token, person) => {
    await signIn(token);
    await reloadBy(tell);
    expect(await calls()).toBe('close clearHistory newConversation ');
    expect(await chats()).toEqual([sampleContact(person)]);
  });

  it('reloads though the chat throws or never answers', async () => {
    await evaluate("MaiAgent.chat.clearHistory = () => { throw new Error('chat'); }");
    await evaluate('MaiAgent.chat.newConversation = () => new Promise(() => {})');
    await signIn(bob);
    await reloadBy(tell);
    expect(await calls()).toBe('close ');
    expect(await chats()).toEqual([sampleContact('bob')]);
  });

  it('reloads when the token cannot be had any more', async () => {
    await evaluate("sessionStorage.getItem = () => { throw new Error('gone'); }");
    await evaluate("Storage.prototype.getItem = () => { throw new Error('gone'); }");
    await reloadBy(tell);
    expect(await outcome()).toBe('open');
  });

  it('reloads when a second start speaks for another person', async () => {
    await signIn(bob);
    const again = "void contactBridge.start({ api: location.origin, token: () => sessionStorage.getItem('token') })";
    await reloadBy(() => evaluate(again));
    expect(await chats()).toEqual([sampleContact('bob')]);
  });

  it('reloads when the page comes back from the back/forward cache after a sign-out', async () => {
    await signOut();
    // A page that comes back is as it was left, and is told so by this event alone (HTML, "PageTransitionEvent").
    const back = "void dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))";
    await reloadBy(() => evaluate(back));
    expect(await chats()).toEqual([sampleContact('visitor')]);
    expect(await calls()).toBe('close clearHistory newConversation ');
  });

  it('closes the chat of somebody who was disabled meanwhile, at the next look', async () => {
    at.stub.answer = () => ({ status: 403, body: { code: 'user_disabled' } });
    await evaluate('performance.now = () => 1e9');
    await evaluate("void document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
    await at.page.waitForFunction("states.includes('refused user_disabled')");
    expect(await isSeen()).toBe(false);
    expect(await calls()).toBe('close clearHistory newConversation ');
  });

  it.each([
    ['an API that is away', { status: 503 }],
    ['a token that ran out', { status: 401 }],
  ])('leaves the chat open for %s', async (_, reply) => {
    at.stub.answer = () => reply;
    await evaluate('performance.now = () => 1e9');
    expect(await personChanged()).toBe('open');
    expect([at.stub.asked.length, await calls()]).toEqual([2, null]);
  });

  it('starts no chat whose script arrives after the person has changed', async () => {
    const release = await heldFile('embed.js');
    await at.page.addInitScript(`window.addEventListener('pagehide', () =>
      sessionStorage.setItem('opened', (sessionStorage.getItem('opened') ?? '') + (window.chats ?? '')))`);
    await at.page.reload();
    await evaluate("sessionStorage.setItem('opened', '')");
    await at.page.waitForFunction('window.maiagentChatbotConfig');
    // The chat takes its time to forget, so that the script arrives while the page is being left.
    await evaluate('window.MaiAgent = { chat: { newConversation: () => new Promise(() => {}) } }');
    await signIn(bob);
    await tell();
    await at.page.waitForFunction("states.includes('reloading person_changed')");
    await reloadBy(release);
    expect(await evaluate("sessionStorage.getItem('opened')")).toBe('');
    expect(await chats()).toEqual([sampleContact('bob')]);
  });
});
