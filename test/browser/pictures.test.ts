import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newContext, startChromium } from './chromium.ts';

declare const mermaid: { render(id: string, text: string): Promise<{ readonly svg: string }> };

const project = join(import.meta.dirname, '..', '..');
const pictures = globSync(['*.md', 'docs/**/*.md'], { cwd: project }).flatMap((path) =>
  [...readFileSync(join(project, path), 'utf8').matchAll(/^```mermaid\n(.*?)^```/gms)].map(
    ([, text], index) => [`${path}, picture ${index + 1}`, text ?? ''] as const,
  ),
);
const require = createRequire(import.meta.url);
const library = join(require.resolve('mermaid'), '..', 'mermaid.min.js');

let browser: Browser;
let page: Page;
beforeAll(async () => {
  browser = await startChromium();
  page = await (await newContext(browser)).newPage();
  await page.addScriptTag({ path: library });
});
afterAll(() => browser?.close());

/** How many shapes the picture has, or what is wrong with its text. */
async function drawn(text: string): Promise<number | string> {
  const svg = await page.evaluate((given) => mermaid.render('picture', given).then(({ svg }) => svg, String), text);
  return svg.startsWith('<svg')
    ? svg.split(/class="[^"]*\b(?:node|cluster|edgeLabel|actor|label)\b|<rect /).length - 1
    : svg;
}

it('there are pictures in the documents', () => expect(pictures.length).toBeGreaterThan(1));

it.each(pictures)('%s can be drawn', async (_, text) => expect(await drawn(text)).toBeGreaterThan(5));

it('a picture with a slip is noticed', async () =>
  expect(await drawn('flowchart LR\n  a -->|half a label b\n')).toMatch(/error/i));
