import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../../functions/rules/http/operations.ts';
import { newContext, startChromium } from './chromium.ts';

const project = join(import.meta.dirname, '..', '..');
const site = join(project, 'dist/docs');

let address: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const requests: string[] = [];
const faults: string[] = [];

beforeAll(async () => {
  address = execFileSync(process.execPath, ['docs/site/main.ts'], { cwd: project, encoding: 'utf8' }).trim();
  browser = await startChromium();
  context = await newContext(browser);
  page = await context.newPage();
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', ({ message }) => faults.push(message));
});
afterAll(async () => {
  await browser?.close();
  expect(faults).toEqual([]);
});

const read = (path: string) => readFileSync(path, 'utf8');

describe('the site of the documents', () => {
  it('has every document once in its list of pages', () => {
    const nav = Object.values(JSON.parse(read('docs/site/nav.json')) as Record<string, string[]>).flat();
    const documents = globSync(['*.md', 'docs/*.md', 'docs/webhooks/*.md', '{packages/web,examples}/README.md'], {
      cwd: project,
    });
    expect(new Set(nav)).toEqual(new Set([...documents, 'docs/api-reference.md', 'docs/decisions/index.md']));
    expect(nav.length).toBe(new Set(nav).size);
  });

  it('has no link that leads nowhere', () => {
    const lost = globSync('**/*.html', { cwd: site }).flatMap((from) =>
      [...read(join(site, from)).matchAll(/(?:href|src)="([^"]*)"/g)]
        .map(([, href = '']) => href)
        .filter((href) => {
          if (/^(https?|data|mailto):/.test(href)) return false;
          const [file = '', anchor] = href.split('#');
          const target = join(site, file === '' ? from : normalize(join(dirname(from), file)));
          return (
            !existsSync(target) ||
            (anchor !== undefined && !/^$|^content$/.test(anchor) && !read(target).includes(`id="${anchor}"`))
          );
        })
        .map((href) => `${from}: ${href}`),
    );
    // What leads from a document into the sources stays in the repository.
    expect(
      lost.filter(
        (one) =>
          !/: (\.\.\/)*(examples|infra|functions|test|local|packages)?\/?[\w./-]*\.(ts|jsx?|mjs|html)$/.test(one),
      ),
    ).toEqual([]);
  });

  it('describes every operation of the API', () => {
    const text = read(join(site, 'docs/api-reference.html'));
    expect(text.split('<h2 ').length - 1).toBe(Object.keys(operations).length);
    expect(text).toMatch(/PUT \/v1\/users\/\{userId\}.*contacts\.write.*Sample Member/s);
  });

  it('opens from the disk, draws its pictures and finds a code by its name, with no request to anybody', async () => {
    await page.goto(address);
    await page.waitForSelector('pre.mermaid svg');
    await page.fill('#search', 'visitor_promoted');
    await page.click('#found a >> nth=0');
    await page.waitForURL(/docs\/codes\.html#/);
    expect(await page.textContent('main')).toContain('this visitor has signed in since');
    expect(requests.filter((url) => !/^(file|data):/.test(url))).toEqual([]);
  });

  it.each(['README.ja.html', 'README.zh-Hant.html'])('says in which language %s is', async (name) => {
    await page.goto(address.replace('README.html', name));
    expect(await page.getAttribute('html', 'lang')).toBe(/README\.(.*)\.html/.exec(name)?.[1]);
  });
});
