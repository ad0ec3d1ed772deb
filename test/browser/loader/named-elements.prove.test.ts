import { beforeEach, describe, expect, it } from 'vitest';
import { LoaderPage } from '../loader-page.ts';
import { sampleContact } from '../sample-tokens.ts';
import { pageHtml } from '../stub-bridge.ts';

const at = new LoaderPage();
const { evaluate, outcome, visit } = at;

/** Every global and every member of the document that the loader reads or writes, and what both inherit. */
const ofWindow = ['contactBridge', 'maiagentChatbotConfig', 'MaiAgent', 'addEventListener', 'toString', 'valueOf'];
const builtIn = [
  'fetch',
  'navigator',
  'localStorage',
  'location',
  'setTimeout',
  'Promise',
  'JSON',
  'Document',
  'Reflect',
];
const ofDocument = ['createElement', 'head', 'hidden', 'readyState', 'currentScript', 'addEventListener'];
const names = [...new Set([...ofWindow, ...builtIn, ...ofDocument])];

/** Markup that a page might let its users write. */
const kinds: Record<string, (name: string) => string> = {
  'links by id': (name) => `<a id="${name}" href="https://stranger.example/"></a>`,
  'two links by id': (name) => `<a id="${name}"></a><a id="${name}"></a>`,
  'images by name': (name) => `<img name="${name}" id="${name}">`,
  'forms by name': (name) => `<form name="${name}"><input name="start"><input name="value"></form>`,
  'frames by name': (name) => `<iframe name="${name}" srcdoc="<a id=start></a>"></iframe>`,
};

describe.each(Object.entries(kinds))('a page with %s', (_, markup) => {
  beforeEach(() => {
    at.stub.html = pageHtml({ head: names.map(markup).join('') });
  });

  it('gives its contact to the chat', async () => {
    await visit();
    expect(await outcome()).toBe('open');
    // What such elements do to MaiAgent's script is MaiAgent's.
    expect(await evaluate('[chatScripts, maiagentChatbotConfig.contactId]')).toEqual([1, sampleContact('visitor')]);
  });

  it('is left without the contact id where there is no chat', async () => {
    at.stub.scriptUp = false;
    await visit();
    await at.page.waitForFunction("states.some((state) => state === 'waiting no_script')");
    expect(await evaluate('window.maiagentChatbotConfig?.contactId')).toBeUndefined();
  });
});
