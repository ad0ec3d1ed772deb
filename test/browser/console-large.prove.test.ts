import { BatchWriteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { localDeployment, type Deployment } from '../../local/commands/deployment.ts';
import { startConsole } from '../../local/console/console.ts';
import { sized } from '../scope.ts';
import { newContext, startChromium } from './chromium.ts';

declare const document: { querySelector(selector: string): { readonly textContent: string | null } | null };

const links = sized({ test: 2_000, prove: 20_000, long: 100_000 });
const BATCH = 25;

let bridge: Bridge;
let browser: Browser;
let console_: Awaited<ReturnType<typeof startConsole>>;
/** What the console asks the tables. */
const asked: string[] = [];

function counted(client: DynamoDBClient): DynamoDBClient {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => (asked.push(commandName), next(args)),
    {
      step: 'initialize',
    },
  );
  return client;
}

beforeAll(async () => {
  [bridge, browser] = await Promise.all([startBridge({ port: 0, quiet: true }), startChromium()]);
  const local = localDeployment(bridge.url);
  const { client, tableName } = await local.links();
  for (let at = 0; at < links; at += 8 * BATCH)
    await Promise.all(
      Array.from({ length: 8 }, (_, lane) => {
        const rows = Array.from({ length: BATCH }, (__, index) => {
          const number = at + lane * BATCH + index;
          const desired = { name: `Name ${number}`, email: `person-${number}@corp.example` };
          return { PutRequest: { Item: marshall({ pk: `user#person-${number}`, accountStatus: 'active', desired }) } };
        });
        return client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: rows } }));
      }),
    );
  client.destroy();
  const at = async (table: ReturnType<Deployment['links']>) => {
    const found = await table;
    return { ...found, client: counted(found.client) };
  };
  const watched: Deployment = {
    ...local,
    links: () => at(local.links()),
    broadcasts: () => at(local.broadcasts()),
  };
  console_ = await startConsole(watched, {});
}, 900_000);
afterAll(async () => {
  await browser?.close();
  await console_?.close();
  await bridge?.close();
});

it(`opens every view over ${links} links by some queries and no scan`, { timeout: 120_000 }, async () => {
  const context = await newContext(browser);
  const page = await context.newPage();
  const requests: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.includes('/api/')) requests.push(pathname.replace(/.*\/api\//, ''));
  });
  try {
    for (const view of ['status', 'people', 'quarantine', 'broadcasts']) {
      await page.goto(`${console_.url}#/${view}`);
      await page.waitForFunction(() => document.querySelector('#said')?.textContent === '');
      expect(await page.locator('#failed').innerText()).toBe('');
    }
    expect(requests).toEqual(['status', 'quarantine', 'broadcasts']);
    expect(asked).not.toContain('ScanCommand');
    // However many links there are.
    expect(asked.length).toBeLessThan(200);
    // A search goes through the table, a thousand links at a time.
    await page.goto(`${console_.url}#/people`);
    await page.fill('[name=text]', 'NAME 1999');
    await page.click('button >> text=Search');
    await page.locator('#said', { hasText: 'found.' }).waitFor({ timeout: 60_000 });
    expect(await page.locator('#view').innerText()).toContain('person-1999');
    expect(asked.filter((one) => one === 'ScanCommand').length).toBeGreaterThanOrEqual(links / 1_000);
  } finally {
    await context.close();
  }
});

it('sends nothing but what stands in the form', async () => {
  const context = await newContext(browser);
  const page = await context.newPage();
  const preview = () => page.click('button >> text=Preview');
  const sender = page.locator('[name=word]');
  try {
    await page.goto(`${console_.url}#/broadcasts`);
    await page.fill('[name=message]', 'Meeting at 9');
    await page.fill('[name=users]', 'person-1\nperson-2');
    await preview();
    await sender.waitFor();
    await page.fill('[name=users]', 'person-1');
    expect(await sender.count()).toBe(0);
    await page.route('**/api/preview', async (route) => {
      await page.fill('[name=message]', 'Meeting at 10');
      await route.continue();
    });
    await preview();
    await page.locator('#said', { hasText: 'preview it again' }).waitFor();
    expect(await sender.count()).toBe(0);
    await page.unroute('**/api/preview');
    await preview();
    await page.locator('#view', { hasText: 'message        Meeting at 10' }).waitFor();
  } finally {
    await context.close();
  }
});

it('sends once what is previewed and sent again after a lost answer', async () => {
  const context = await newContext(browser);
  const page = await context.newPage();
  const headers = { authorization: `Bearer ${await bridge.token('reader')}`, 'content-type': 'application/json' };
  expect((await fetch(`${bridge.url}/v1/identity`, { method: 'POST', headers, body: '{}' })).status).toBe(200);
  const send = async () => {
    await page.click('button >> text=Preview');
    await page.fill('[name=word]', 'send');
    await page.click('button >> text=Send');
  };
  try {
    await page.goto(`${console_.url}#/broadcasts`);
    await page.fill('[name=message]', 'Only once');
    await page.fill('[name=users]', 'reader');
    await page.route('**/api/send', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await send();
    await page.locator('#failed', { hasText: 'does not answer' }).waitFor();
    await page.unroute('**/api/send');
    await page.locator('[name=message]').press('End');
    await page.keyboard.type('!');
    await page.keyboard.press('Backspace');
    await send();
    await page.waitForURL(/#\/broadcasts\/./);
    await page.goto(`${console_.url}#/broadcasts`);
    await page.locator('td', { hasText: 'Only once' }).first().waitFor();
    expect(await page.locator('td', { hasText: 'Only once' }).count()).toBe(1);
  } finally {
    await context.close();
  }
});
