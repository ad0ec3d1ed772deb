import axeCore from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';

declare const axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };

/** Puts the accessibility checker into every page to come; a page's own policy lets nothing in. */
export const addChecker = (context: BrowserContext) => context.addInitScript({ content: axeCore.source });

/** What the checker finds on the page as it stands, in the light and in the dark, at each of these widths. */
export async function violations(page: Page, ...widths: number[]): Promise<string[]> {
  const found: string[] = [];
  for (const width of widths)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      const { violations: some } = await page.evaluate(() => axe.run());
      const lines = some.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      found.push(...lines.map((line) => `${colorScheme}, ${width} px, ${line}`));
    }
  return found;
}
