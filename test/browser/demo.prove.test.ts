import { describe, expect, it } from 'vitest';
import { DemoPage } from './demo-page.ts';

const at = new DemoPage();
const { chatCount, chatOf, contactNow } = at;

/** Opens the demo as a visitor. */
async function open(): Promise<string> {
  await at.page.goto(at.url);
  return chatOf('a visitor');
}

/** Signs in with the form, by keyboard alone. */
async function signInAs(sub: string, name: string): Promise<void> {
  if (!(await at.page.isVisible('[name=sub]'))) await at.page.locator('#anyone summary').press('Enter');
  await at.page.fill('[name=sub]', sub);
  await at.page.fill('[name=name]', name);
  await at.page.fill('[name=roles]', 'staff, member');
  await at.page.locator('[name=roles]').press('Enter');
}

describe('the demo', () => {
  it('gives a visitor a contact, and the same one after a reload', async () => {
    const visitor = await open();
    await at.page.reload();
    expect(await chatOf('a visitor')).toBe(visitor);
    await at.page.waitForSelector('#contact dl');
    expect(await at.page.textContent('#contact')).toContain(visitor);
    expect(await at.page.textContent('#link')).toContain('visitor#');
  });

  it('gives the same person another contact once they have signed in, and a new one as a visitor afterwards', async () => {
    const visitor = await open();
    await at.page.click('#as-sample-member');
    const member = await chatOf('Sample Member');
    await at.page.reload();
    expect(await chatOf('Sample Member')).toBe(member);
    await at.page.click('#sign-out');
    const visitorAgain = await chatOf('a visitor');
    expect(new Set([visitor, member, visitorAgain]).size).toBe(3);
  });

  it('opens the chat as anyone, with their name at MaiAgent, by keyboard', async () => {
    await open();
    await signInAs('sample/guest ü', 'Sample Guest');
    const guest = await chatOf('Sample Guest');
    expect(contactNow(guest)).toMatchObject({ name: 'Sample Guest', sourceId: 'sample/guest ü' });
    await at.page.waitForSelector('#link dl');
    expect(await at.page.textContent('#link')).toMatch(/user#sample\/guest ü.*Heard fromtoken/);
  });

  it('never shows the chat of the account before', async () => {
    await open();
    await at.page.click('#as-sample-member');
    const member = await chatOf('Sample Member');
    await at.page.fill('#maiagent-chat input', 'a secret of the member');
    await at.page.press('#maiagent-chat input', 'Enter');
    await at.page.waitForSelector('#maiagent-chat li.incoming');
    await at.page.click('#as-sample-staff');
    const staff = await chatOf('Sample Staff');
    expect(staff).not.toBe(member);
    expect(await at.page.textContent('body')).not.toContain('a secret of the member');
    expect(await at.page.textContent('body')).not.toContain(member);
    expect(await at.page.evaluate('window.__maiagentCalls ?? JSON.parse(sessionStorage["maiagent-calls"])')).toEqual(
      expect.arrayContaining(['clearHistory', 'newConversation', 'close']),
    );
    expect(await at.page.evaluate('[window.__maiagentEmbedLoads, window.__maiagentEmbedStarts]')).toEqual([1, 1]);
    expect(await at.page.evaluate('document.activeElement.id')).toBe('as-sample-staff');
  });

  it('gives a disabled user no chat and says so', async () => {
    await open();
    await at.page.click('#as-sample-disabled');
    await at.page.waitForSelector('[data-state=refused] >> text=disabled');
    expect(await chatCount()).toBe(0);
    expect(await at.page.evaluate('window.maiagentChatbotConfig ?? window.MaiAgent')).toBeUndefined();
  });

  it('takes the chat of a user who is disabled, and gives the same contact back with the account', async () => {
    await open();
    await signInAs('sample-leaver', 'Sample Leaver');
    const before = await chatOf('Sample Leaver');
    await at.page.click('text=Disable this account');
    await at.page.waitForSelector('[data-state=refused]');
    expect(await chatCount()).toBe(0);
    await at.page.click('text=Enable this account');
    expect(await chatOf('Sample Leaver')).toBe(before);
  });

  it('opens the chat by itself when MaiAgent is back', async () => {
    await open();
    await at.page.locator('#down').press('Space');
    await expect.poll(() => at.emulator.isDown).toBeDefined();
    await signInAs('sample-early', 'Sample Early');
    await at.page.waitForSelector('[data-state=waiting]');
    expect(await chatCount()).toBe(0);
    await at.page.evaluate('window.samePage = true');
    await at.page.locator('#down').press('Space');
    const early = await chatOf('Sample Early');
    expect(contactNow(early)).toMatchObject({ sourceId: 'sample-early' });
    expect(await at.page.evaluate('window.samePage')).toBe(true);
  });

  it('shows a broadcast in the open chat, where the person has chatted before', async () => {
    await open();
    await signInAs('sample-reader', 'Sample Reader');
    const reader = await chatOf('Sample Reader');
    await at.page.fill('#maiagent-chat input', 'Good morning');
    await at.page.press('#maiagent-chat input', 'Enter');
    await at.page.waitForSelector('#maiagent-chat li >> text=You said: Good morning');
    await at.page.click('text=Send this person a broadcast');
    await at.page.waitForSelector('#maiagent-chat li.outgoing >> text=the office is closed on Friday');
    expect(await at.page.locator('#maiagent-chat li').allInnerTexts()).toEqual([
      'Hello! How may I help?',
      'Good morning',
      'You said: Good morning',
      'A broadcast: the office is closed on Friday.',
    ]);
    expect(at.emulator.store.conversationsOf(reader)).toMatchObject([{ messages: [{}, {}, {}] }]);
    // On another day, in another browser: the conversation is the contact's, and not the browser's.
    await at.page.evaluate('localStorage.clear()');
    await at.page.reload();
    await at.page.waitForSelector('#maiagent-chat li >> text=the office is closed on Friday');
  });

  it('says which rule held and why, and shows the token, the request, the answer and what the loader told', async () => {
    await open();
    expect(await at.page.textContent('#permissions')).toContain('A visitor is asked no rule');
    await at.page.click('#as-sample-staff');
    const staff = await chatOf('Sample Staff');
    await at.page.waitForSelector('#permissions >> text=Rule 1 holds');
    expect(await at.page.textContent('#permissions')).toMatch(/roles = staff holds.*May queryHandbook, Staff only/);
    expect(await at.page.textContent('#contact')).toContain('Handbook, Staff only');
    expect(await at.page.textContent('#token')).toMatch(/rolesstaff.*subsample-staff.*Valid until/);
    expect(await at.page.textContent('#request')).toMatch(new RegExp(`POST /v1/identity.*200 \\d+ ms.*${staff}`));
    expect(await at.page.textContent('#events')).toMatch(/open.*reloading person_changed.*asking.*open/);
    expect(await at.page.content()).not.toContain(String(await at.page.evaluate("sessionStorage['token']")));
  });

  it('gives the snippet to copy', async () => {
    await at.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await at.page.goto(at.url);
    await at.page.click('#copy');
    await at.page.waitForSelector('text=Copied');
    expect(await at.page.evaluate('navigator.clipboard.readText()')).toContain(`api: '${at.url}'`);
  });

  it('is a group of radio buttons to a keyboard, and tells a reader of screens what is and why', async () => {
    await open();
    await at.page.focus('#as-visitor');
    await at.page.keyboard.press('ArrowDown');
    await chatOf('Sample Member');
    expect(await at.page.evaluate('[document.activeElement.id, document.activeElement.checked]')).toEqual([
      'as-sample-member',
      true,
    ]);
    expect(await at.page.getByRole('status').textContent()).toMatch(/Open as Sample Member\.\s+The chat speaks as/);
  });

  it.each([
    ['ja', '一人に、一つのコンタクト'],
    ['zh-Hant', '一個人，一個聯絡人'],
  ])('speaks %s, and says so', async (language, heading) => {
    await at.page.goto(at.url);
    await at.page.selectOption('#language', language);
    await at.page.waitForSelector(`h1:has-text("${heading}")`);
    expect(await at.page.getAttribute('html', 'lang')).toBe(language);
    await at.page.waitForSelector('[data-state=open]');
    expect(
      await at.page.evaluate("[...document.querySelectorAll('[data-text]')].filter((one) => !one.textContent)"),
    ).toEqual([]);
    expect(await at.page.evaluate('document.body.textContent')).not.toContain('undefined');
  });

  it.each([
    ['light', 'en'],
    ['dark', 'ja'],
    ['light', 'zh-Hant'],
  ] as const)('fits a phone 360 px wide, %s, in %s', async (colorScheme, language) => {
    await at.page.emulateMedia({ colorScheme });
    await at.page.setViewportSize({ width: 360, height: 740 });
    await at.page.addInitScript(`localStorage.setItem('language', '${language}')`);
    await at.page.goto(at.url);
    await at.page.waitForSelector('[data-state=open]');
    await at.page.click('#as-sample-staff');
    await at.page.waitForSelector('#events >> text=person_changed');
    await at.page.click('#anyone summary');
    await at.page.waitForSelector('#contact dl');
    expect(await at.page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });
});
