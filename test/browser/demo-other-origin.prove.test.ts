import { describe, expect, it } from 'vitest';
import { newestLoader } from '../../infra/released-loaders.ts';
import { DemoPage } from './demo-page.ts';
import { startStubBridge } from './stub-bridge.ts';

const at = new DemoPage();
const { chatCount, contactNow } = at;

describe('a page on another origin', () => {
  /** Makes the page that stands there one of the enterprise's: loader and contact come from the bridge at its own address. */
  async function start(): Promise<void> {
    await at.page.addScriptTag({ url: `${at.url}/contact-bridge.js` });
    const onState = '(state) => (document.title = state)';
    await at.page.evaluate(`void contactBridge.start({ api: '${at.url}', onState: ${onState} })`);
  }

  it('opens the chat where its origin is on the list', async () => {
    await at.page.goto(`${at.url.replace('localhost', '127.0.0.1')}/local/demo/state`);
    await start();
    const contactId = await at.page.locator('#maiagent-chat').getAttribute('data-contact-id');
    expect(await at.page.title()).toBe('open');
    expect(contactNow(contactId!)).toMatchObject({ deletedAt: null });
  });

  it('may hold a released loader to its hash', async () => {
    const { version, integrity } = newestLoader();
    await at.page.goto(`${at.url.replace('localhost', '127.0.0.1')}/local/demo/state`);
    const add = (hash: string) =>
      at.page.evaluate(`new Promise((resolve) => {
        const script = document.createElement('script');
        script.onload = script.onerror = (event) => resolve(event.type);
        Object.assign(script, { src: '${at.url}/contact-bridge/${version}.js', integrity: '${hash}', crossOrigin: '' });
        document.head.append(script);
      })`);
    expect(await add(integrity.replace(/.{4}$/, 'AAAA'))).toBe('error');
    expect(at.faults.splice(0)).toEqual([expect.stringContaining('integrity')]);
    expect(await add(integrity)).toBe('load');
    expect(await at.page.evaluate(`contactBridge.start({ api: '${at.url}' })`)).toBe('open');
  });

  it('gets no chat where its origin is not', async () => {
    const stub = await startStubBridge();
    // Its name is none of this machine's, though it leads there.
    const elsewhere = stub.url.replace('127.0.0.1', 'elsewhere.localhost');
    await at.page.goto(`${elsewhere}/elsewhere`);
    await start();
    await at.page.waitForFunction("document.title === 'waiting'");
    expect(await chatCount()).toBe(0);
    await stub.close();
    // The page's own address, and the browser's words on the answer that it withholds.
    const own = (fault: string) => fault.startsWith(elsewhere) || fault.includes('CORS policy');
    expect(at.faults.splice(0).filter((fault) => !own(fault))).toEqual([]);
  });
});
