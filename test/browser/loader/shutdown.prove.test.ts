import { beforeEach, describe, expect, it } from 'vitest';
import { ann, bob, LoaderPage } from '../loader-page.ts';
import { sampleContact } from '../sample-tokens.ts';
import { pageHtml } from '../stub-bridge.ts';

const at = new LoaderPage();
const { chats, evaluate, heldFile, isSeen, outcome, reloadBy, signIn, visit } = at;

const look = "dispatchEvent(new Event('pageshow'))";
const start = "contactBridge.start({ api: location.origin, token: () => sessionStorage.getItem('token') })";
const startAgain = `window.again = ${start}; 0`;
const shutdown = 'void contactBridge.shutdown()';
/** Where the chat stands, and whether it is seen, once all that an abort sets off is over: nothing of it waits for a timer. */
const standing = () =>
  evaluate(`new Promise((resolve) => setTimeout(() => resolve([contactBridge.state,
    !!document.querySelector('#maiagent-chat')?.getClientRects().length])))`);

it('a chat that the page shuts down is shown again by the next start', async () => {
  await visit(ann);
  expect(await outcome()).toBe('open');
  expect(await evaluate('contactBridge.shutdown()')).toBe('closed');
  expect(await isSeen()).toBe(false);
  expect(await evaluate(start)).toBe('open');
  expect(await isSeen()).toBe(true);
  expect([await chats(), at.stub.asked.length]).toEqual([[sampleContact('ann')], 2]);
});

describe('a chat that the page shuts down while the loader looks who is signed in stays shut', () => {
  beforeEach(async () => {
    await visit(ann);
    expect(await outcome()).toBe('open');
    await at.page.waitForSelector('#maiagent-chat');
  });

  it('where the page still has to give the token', async () => {
    await evaluate(`${look}; ${shutdown}`);
    expect(await standing()).toEqual(['closed', false]);
  });

  it('where the API still has to answer', async () => {
    at.stub.answer = () => new Promise(() => {});
    await evaluate(`performance.now = () => 1e9; ${look}; 0`);
    await expect.poll(() => at.stub.asked.length).toBe(2);
    await evaluate(shutdown);
    expect(await standing()).toEqual(['closed', false]);
  });

  it.each([
    ['that somebody else may be here', 'contactBridge.personChanged()'],
    ['for the chat', start],
  ])('where the page has asked %s', async (_, call) => {
    await evaluate(`window.again = ${call}; ${shutdown}`);
    expect(await evaluate('again')).toBe('superseded');
    expect(await standing()).toEqual(['closed', false]);
  });

  it('where the page has asked for it again after a shutdown', async () => {
    await evaluate(shutdown);
    const token = '() => new Promise((resolve) => { window.answer = resolve; window.isLooking = true; })';
    await evaluate(`window.again = contactBridge.start({ api: location.origin, token: ${token} }); 0`);
    await at.page.waitForFunction('window.isLooking');
    await evaluate(`${shutdown}; answer('${ann}')`);
    expect(await evaluate('again')).toBe('superseded');
    expect(await standing()).toEqual(['closed', false]);
  });
});

describe('a page that says somebody left and shuts the chat down at once', () => {
  const leave = `window.again = contactBridge.personChanged(); ${shutdown}`;
  const opened = async (options: string) => {
    at.stub.html = pageHtml({ options });
    await visit(ann);
    expect(await outcome()).toBe('open');
    await at.page.waitForSelector('#maiagent-chat');
    await evaluate('MaiAgent.chat = { clearHistory: () => { window.isEmptied = true; } }; 0');
  };

  it.each([
    ['somebody else is here', `'${bob}'`, 'closed', true],
    ['nobody is signed in', "''", 'closed', true],
    ['the same person is here', `'${ann}'`, 'superseded', false],
    ['nobody can say who is here', 'nobody', 'superseded', false],
  ])('has it emptied only for who really left: %s', async (_, token, reached, isEmptied) => {
    await opened(`token: () => window.isLater ? ${token} : '${ann}', onPersonChanged: () => {}`);
    await evaluate(`isLater = true; ${leave}`);
    expect(await evaluate('again')).toBe(reached);
    expect([await evaluate('!!window.isEmptied'), await standing()]).toEqual([isEmptied, ['closed', false]]);
  });

  it('has the page reloaded for somebody else', async () => {
    await opened('');
    await signIn(bob);
    await reloadBy(() => evaluate(leave));
    expect(await chats()).toEqual([sampleContact('bob')]);
  });
});

it.each([ann, bob])('a page that shuts down while the loader looks asks for no contact any more', async (now) => {
  at.stub.answer = () => new Promise(() => {});
  await visit(ann);
  await expect.poll(() => at.stub.asked.length).toBe(1);
  await signIn(now);
  await evaluate(`window.again = contactBridge.personChanged(); ${shutdown}`);
  expect(await standing()).toEqual(['closed', false]);
  expect(await evaluate('again')).toBe('superseded');
});

describe('when the page shuts down and starts while MaiAgent’s script loads, the loader', () => {
  let release: () => void;

  beforeEach(async () => {
    release = await heldFile('embed.js');
    await visit(ann);
    await at.page.waitForFunction('window.maiagentChatbotConfig');
    await evaluate(shutdown);
  });

  it('opens the chat', async () => {
    await evaluate(startAgain);
    release();
    expect([await evaluate('again'), await outcome()]).toEqual(['open', 'superseded']);
    expect(await standing()).toEqual(['open', true]);
    expect(await chats()).toEqual([sampleContact('ann')]);
  });

  it('opens none where it is shut down once more', async () => {
    await evaluate(startAgain);
    await evaluate(shutdown);
    release();
    expect(await evaluate('again')).toBe('superseded');
    expect([await standing(), await chats()]).toEqual([['closed', false], undefined]);
  });

  it('asks anew where the script cannot be had', async () => {
    at.stub.scriptUp = false;
    await evaluate(startAgain);
    release();
    await expect.poll(() => at.stub.asked.length).toBe(2);
    at.stub.scriptUp = true;
    expect(await evaluate('again')).toBe('open');
  });

  it('reloads the page for somebody else', async () => {
    await signIn(bob);
    await evaluate(startAgain);
    await reloadBy(release);
    expect(await chats()).toEqual([sampleContact('bob')]);
  });
});
