import { beforeEach, describe, expect, it } from 'vitest';
import { ann, bob, LoaderPage } from '../loader-page.ts';
import { sampleContact } from '../sample-tokens.ts';

const at = new LoaderPage();
const { calls, chats, evaluate, isSeen, outcome, reloadBy, signIn, states, visit } = at;

/** Another tab of this browser signs in as somebody else: its page keeps that where all tabs see it. */
async function signInElsewhere(): Promise<void> {
  const other = await at.context.newPage();
  await other.goto(`${at.stub.url}/elsewhere`);
  await signIn(bob);
  await other.evaluate("localStorage.setItem('signed-in', 'bob')");
}
const personIsChanged = () => at.page.waitForFunction("states.some((one) => one.includes('person_changed'))");
const comeBack = () => evaluate("void dispatchEvent(new Event('focus'))");
const type = (text: string) => evaluate(`document.querySelector('textarea').value = '${text}'`);

describe('when the person changes in another tab, the loader', () => {
  beforeEach(async () => {
    await visit(ann);
    expect(await outcome()).toBe('open');
  });

  it('closes the chat at once, and reloads when somebody comes back', async () => {
    // Nothing was typed into these.
    const untouched = ['checkbox', 'radio', 'range', 'color', 'submit', 'text'].map((type) => `<input type=${type}>`);
    await evaluate(`document.body.insertAdjacentHTML('beforeend', '${untouched.join('')}<textarea></textarea>')`);
    expect(await isSeen()).toBe(true);
    await signInElsewhere();
    await personIsChanged();
    await at.page.waitForFunction("sessionStorage.getItem('calls')?.includes('newConversation')");
    expect([await isSeen(), await calls()]).toEqual([false, 'close clearHistory newConversation ']);
    await reloadBy(comeBack);
    expect(await chats()).toEqual([sampleContact('bob')]);
  });

  it('loses nothing that was typed', async () => {
    await evaluate("document.body.append(document.createElement('textarea'))");
    await type('half a letter');
    await signInElsewhere();
    await personIsChanged();
    await comeBack();
    expect(await evaluate("contactBridge.state + document.querySelector('textarea').value")).toBe(
      'reloadinghalf a letter',
    );
    await type('');
    await reloadBy(comeBack);
    expect(await chats()).toEqual([sampleContact('bob')]);
  });

  it('leaves it to the page that wants to decide', async () => {
    const options = "onState: (state) => states.push(state), onPersonChanged: () => states.push('told'), token";
    await evaluate(
      `contactBridge.start({ api: location.origin, ${options}: () => sessionStorage.getItem('token') }); void (states.length = 0)`,
    );
    await signInElsewhere();
    await at.page.waitForFunction("states.includes('told')");
    await comeBack();
    expect([await states(), await isSeen()]).toEqual([['closed', 'told'], false]);
    expect(await evaluate('contactBridge.personChanged()')).toBe('closed');
  });
});
