import { describe, expect, it } from 'vitest';
import { LoaderPage } from '../loader-page.ts';
import { sampleContact } from '../sample-tokens.ts';
import { pageHtml } from '../stub-bridge.ts';

const at = new LoaderPage();
const { chats, evaluate, heldFile, outcome, scripts, states, visit } = at;

describe('the loader opens the chat all the same', () => {
  it.each([
    [
      'where locks are denied',
      "navigator.locks.request = () => Promise.reject(new DOMException('no', 'SecurityError'))",
    ],
    [
      'where storage is denied',
      "Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })",
    ],
  ])('%s', async (_, init) => {
    await at.page.addInitScript(init);
    await visit();
    expect(await outcome()).toBe('open');
    expect(at.lines).toEqual([]);
  });

  it.each<[string, string]>([
    [
      'a strict content policy',
      "script-src 'nonce-n' 'strict-dynamic'; style-src 'none'; object-src 'none'; base-uri 'none'",
    ],
    ['Trusted Types', "require-trusted-types-for 'script'; trusted-types contact-bridge"],
  ])('under %s', async (_, policy) => {
    at.stub.headers = { 'content-security-policy': policy };
    at.stub.html = pageHtml().replaceAll('<script', '<script nonce="n"');
    await visit();
    expect(await outcome()).toBe('open');
    await expect.poll(chats).toEqual([sampleContact('visitor')]);
  });

  it('as a module with the nonce that the page gives it', async () => {
    at.stub.headers = { 'content-security-policy': "script-src 'nonce-n'; style-src 'none'; base-uri 'none'" };
    at.stub.html = `<!doctype html><body><script type="module" nonce="n">
      import { contactBridge } from '/contact-bridge/latest.mjs';
      window.started = contactBridge.start({ api: location.origin, nonce: 'n' });
      window.isOne = contactBridge === window.contactBridge;</script>`;
    await visit();
    expect(await outcome()).toBe('open');
    await expect.poll(chats).toEqual([sampleContact('visitor')]);
    expect(await evaluate('isOne')).toBe(true);
  });

  it('as a module beside the script: they are one', async () => {
    at.stub.html = pageHtml({
      body: `<script type="module">import { contactBridge as own } from '/contact-bridge/latest.mjs';
        window.isOne = own === contactBridge;</script>`,
    });
    await visit();
    expect([await outcome(), await evaluate('isOne')]).toEqual(['open', true]);
    expect(await scripts()).toBe(1);
  });

  it('for calls that came before the loader, and tells its steps where it is asked to', async () => {
    const call = "['start', { api: location.origin, debug: true, onState: (state) => states.push(state) }]";
    at.stub.html = `<!doctype html><script>window.states = []; (window.contactBridge ??= []).push(${call});</script>
      <script async src="/contact-bridge.js"></script><body>`;
    await visit();
    await expect.poll(states).toEqual(['asking', 'open']);
    expect(await evaluate('contactBridge.state')).toBe('open');
    expect(at.lines.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(
      ['asking', 'answer', 'open'].map((step) => `contactBridge: ${step}`),
    );
  });

  it('once more after the page has put another body in the place of its own', async () => {
    await visit();
    expect(await outcome()).toBe('open');
    await expect.poll(chats).toHaveLength(1);
    await evaluate("document.documentElement.replaceChild(document.createElement('body'), document.body)");
    await expect.poll(chats).toEqual([sampleContact('visitor'), sampleContact('visitor')]);
    expect(await evaluate('contactBridge.start({ api: location.origin })')).toBe('open');
    expect(await evaluate('document.querySelectorAll("#maiagent-chat").length')).toBe(1);
    expect(await scripts()).toBe(1);
  });

  it('where the page is still loading when the answer is there', async () => {
    const release = await heldFile('held');
    const own = '<script>window.own = 0; document.body.onload = () => { window.own++; };</script>';
    at.stub.html = pageHtml({ body: `<iframe src="/held"></iframe>${own}` });
    await at.page.goto(`${at.stub.url}/page`, { waitUntil: 'commit' });
    await expect.poll(() => at.stub.asked.length).toBe(1);
    expect(await evaluate('document.readyState')).not.toBe('complete');
    release();
    expect(await outcome()).toBe('open');
    expect(await chats()).toEqual([sampleContact('visitor')]);
    expect(await evaluate('window.own')).toBe(1);
  });

  it('though the page throws in onState', async () => {
    at.stub.html = pageHtml({ options: "onState: () => { throw new Error('of the page'); }," });
    await visit();
    expect(await outcome()).toBe('open');
    expect(await chats()).toEqual([sampleContact('visitor')]);
  });
});
