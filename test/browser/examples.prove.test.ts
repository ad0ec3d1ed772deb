import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type StdinOptions } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { newContext, startChromium } from './chromium.ts';

const project = join(import.meta.dirname, '..', '..');

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

let home: string;
let packed: Packed;
let bridge: Bridge;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let server: Server;
let url: string;
const pages = new Map<string, string>();
const children: ChildProcess[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'contact-bridge-examples-'));
  const packing = ['pack', '--json', '--silent', '--pack-destination', home];
  const told = execFileSync('npm', packing, { cwd: join(project, 'packages/web'), encoding: 'utf8' });
  packed = (JSON.parse(told) as Packed[])[0]!;
  const place = join(home, 'node_modules/@contact-bridge/web');
  mkdirSync(place, { recursive: true });
  execFileSync('tar', ['-xzf', join(home, packed.filename), '--strip-components=1', '-C', place]);
  [bridge, browser] = await Promise.all([startBridge({ port: 0, quiet: true }), startChromium()]);
  for (const name of ['plain', 'react', 'vue']) pages.set(`/${name}/`, read(`examples/${name}/index.html`));
  for (const main of ['react/main.jsx', 'vue/main.js']) pages.set(`/${main}`, await bundled(main));
  server = createServer((request, response) => {
    const type = request.url!.endsWith('/') ? 'text/html' : 'text/javascript';
    const text = pages.get(request.url!);
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': type }).end(atOurPort(text ?? ''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  for (const child of children) child.kill();
  server?.close();
  await browser?.close();
  await bridge?.close();
  if (home) rmSync(home, { recursive: true });
});
beforeEach(async () => {
  context = await newContext(browser);
  page = await context.newPage();
});
afterEach(() => context.close());

const read = (path: string) => readFileSync(join(project, path), 'utf8');
const atOurPort = (text: string) => text.replaceAll('http://localhost:3000', bridge.url);

/** An example as a site's own build makes it, with the package as it is packed. */
async function bundled(main: string | StdinOptions): Promise<string> {
  const { outputFiles } = await build({
    ...(typeof main === 'string' ? { entryPoints: [join(project, 'examples', main)] } : { stdin: main }),
    bundle: true,
    write: false,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"development"', __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false' },
    nodePaths: [join(home, 'node_modules'), join(project, 'node_modules')],
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}

/** The example that is a server, with its own variables. */
async function strictCsp(): Promise<string> {
  const env = { ...process.env, API: bridge.url, PORT: '0' };
  const child = spawn(process.execPath, [join(project, 'examples/strict-csp/server.mjs')], { env });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return line.toString().trim();
}

/** Whose contact the open chat is, by MaiAgent's own record. */
async function whose(): Promise<string | null | undefined> {
  const id = await page.locator('#maiagent-chat').getAttribute('data-contact-id');
  const { sourceId } = bridge.emulator!.store.contacts.find((contact) => contact.id === id)!;
  return sourceId?.startsWith('~visitor_') ? 'a visitor' : sourceId;
}

async function signIn(sub: string): Promise<void> {
  const token = await bridge.token(sub);
  page.once('dialog', (dialog) => void dialog.accept(token));
  await Promise.all([page.waitForEvent('load'), page.click('text=Sign in')]);
}

describe('the example', () => {
  it.each([
    ['plain', () => `${url}/plain/`],
    ['strict-csp', strictCsp],
    ['react', () => `${url}/react/`],
    ['vue', () => `${url}/vue/`],
  ])('%s opens the chat as a visitor, signed in, switched and signed out', async (_, address) => {
    const faults: string[] = [];
    page.on('pageerror', ({ message }) => faults.push(message));
    page.on('console', (line) => line.type() === 'error' && faults.push(line.text()));
    await page.goto(await address());
    const people = [await whose()];
    for (const sub of ['ana', 'ben']) {
      await signIn(sub);
      people.push(await whose());
    }
    await Promise.all([page.waitForEvent('load'), page.click('text=Sign out')]);
    people.push(await whose());
    expect(people).toEqual(['a visitor', 'ana', 'ben', 'a visitor']);
    expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
  });
});

it('a component that leaves the page takes the chat with it, and brings it back', async () => {
  const site = `
    import { createElement } from 'react';
    import { createRoot } from 'react-dom/client';
    import { ContactBridge } from '@contact-bridge/web/react';
    const root = createRoot(document.body.appendChild(document.createElement('div')));
    window.draw = (shown) => root.render(shown && createElement(ContactBridge, { api: '${bridge.url}' }));`;
  pages.set(
    '/own/',
    '<!doctype html><html lang="en"><title>own</title><body><script type="module" src="/own.js"></script>',
  );
  pages.set('/own.js', await bundled({ contents: site, resolveDir: project }));
  const isSeen = () => page.evaluate("document.querySelector('#maiagent-chat')?.checkVisibility() ?? false");
  await page.goto(`${url}/own/`);
  await page.evaluate('draw(true)');
  await expect.poll(isSeen).toBe(true);
  await page.evaluate('draw(false)');
  await expect.poll(isSeen).toBe(false);
  expect(await page.evaluate('contactBridge.state')).toBe('closed');
  await page.evaluate('draw(true)');
  await expect.poll(isSeen).toBe(true);
});

describe('the package', () => {
  it('holds what a site needs, and nothing else', () =>
    expect(packed.files.map(({ path }) => path).toSorted()).toEqual([
      'README.md',
      'dist/index.d.ts',
      'dist/index.js',
      'dist/react.d.ts',
      'dist/react.js',
      'dist/vue.d.ts',
      'dist/vue.js',
      'package.json',
    ]));

  it('has types that a strict compiler takes', () => {
    const site = join(home, 'site.mts');
    const own = `
      import { contactBridge, type Outcome } from '@contact-bridge/web';
      import { ContactBridge } from '@contact-bridge/web/react';
      import { useContactBridge } from '@contact-bridge/web/vue';
      export const outcome: Promise<Outcome> = contactBridge.start({ api: 'https://api.example' });
      export const drawn: null = ContactBridge({ api: 'https://api.example', person: 'ana' });
      export const state: string | undefined = useContactBridge({ api: 'https://api.example' }).value;
      // @ts-expect-error: the address is needed
      void contactBridge.start({});`;
    writeFileSync(site, own);
    for (const name of ['react', 'vue', '@vue', '@types', 'csstype'])
      symlinkSync(join(project, 'node_modules', name), join(home, 'node_modules', name));
    const strict = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2022,dom',
      '--types',
      '',
    ];
    const compiler = join(project, 'node_modules/typescript-native/bin/tsc');
    expect(() =>
      execFileSync(process.execPath, [compiler, ...strict, '--skipLibCheck', 'false', site], {
        cwd: home,
        encoding: 'utf8',
      }),
    ).not.toThrow();
  });

  it('can be imported on a server, where there is no page', () => {
    const program = "import { contactBridge } from '@contact-bridge/web'; console.log(typeof contactBridge);";
    const told = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: home,
      encoding: 'utf8',
    });
    expect(told.trim()).toBe('undefined');
  });
});
