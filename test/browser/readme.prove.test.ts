import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { newContext, startChromium } from './chromium.ts';

/** The README's own text, so that what it shows is what is tried: its commands in the order in which they stand. */
const blocks = [...readFileSync('README.md', 'utf8').matchAll(/^```(sh|html)\n(.*?)^```/gms)];
const snippet = blocks.find(([, kind]) => kind === 'html')?.[2] ?? '';
const [start = '', serve = '', take = ''] = blocks.filter(([, kind]) => kind === 'sh').map(([, , code]) => code);

let bridge: Bridge;
let browser: Browser;
let page: Page;
let home: string;
let server: ChildProcess;
let ports: Readonly<Record<string, string>>;

/** A port that nobody has. */
async function freePort(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return String(port);
}

const onOurPorts = (text: string) => text.replaceAll(/\b(3000|8080)\b/g, (port) => ports[port]!);

beforeAll(async () => {
  [bridge, browser] = await Promise.all([startBridge({ port: 0, quiet: true }), startChromium()]);
  ports = { 3000: new URL(bridge.url).port, 8080: await freePort() };
  home = mkdtempSync(join(tmpdir(), 'contact-bridge-readme-'));
  mkdirSync(join(home, 'my-page'));
  writeFileSync(join(home, 'my-page', 'index.html'), onOurPorts(snippet));
  // What `npx --offline` finds, without npm's own second; the folder lies elsewhere.
  const [, folder = '', ...args] = /^npx --offline (.*)$/.exec(onOurPorts(serve).trim())?.[1]?.split(' ') ?? [];
  server = spawn(
    process.execPath,
    [join('node_modules/vite/bin/vite.js'), join(home, folder), ...args, '--strictPort'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(server.stdout!, 'data');
  page = await (await newContext(browser)).newPage();
});
afterAll(async () => {
  server?.kill();
  await browser?.close();
  await bridge?.close();
  if (home) rmSync(home, { recursive: true });
});

/** Whose contact the open chat is, by MaiAgent's own record. */
async function whose(): Promise<string | null | undefined> {
  const id = await page.locator('#maiagent-chat').getAttribute('data-contact-id');
  const { sourceId } = bridge.emulator!.store.contacts.find((contact) => contact.id === id)!;
  return sourceId?.startsWith('~visitor_') ? 'a visitor' : sourceId;
}

async function signIn(sub: string): Promise<void> {
  const command = onOurPorts(take).replace('"ana"', `"${sub}"`).replace('"Ana"', `"${sub}"`);
  const { stdout } = await promisify(execFile)('bash', ['-c', command]);
  page.once('dialog', (dialog) => void dialog.accept(stdout.trim()));
  await Promise.all([page.waitForEvent('load'), page.click('text=Sign in')]);
}

it('begins with the one command', () => expect(start.trim()).toBe('npm start'));

it('leads to a chat on a page of one’s own: as a visitor, signed in, switched and signed out', async () => {
  const people: unknown[] = [];
  await page.goto(onOurPorts('http://localhost:8080'));
  people.push(await whose());
  await signIn('ana');
  people.push(await whose());
  await signIn('ben');
  people.push(await whose());
  await Promise.all([page.waitForEvent('load'), page.click('text=Sign out')]);
  people.push(await whose());
  expect(people).toEqual(['a visitor', 'ana', 'ben', 'a visitor']);
});
