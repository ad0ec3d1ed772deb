import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inflate } from '@sparticuz/chromium';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';

/** Where a machine has a Chromium of its own, its path may be given; else the one inside the npm package is used, without apt. */
const installed = process.env['CHROME_PATH'];

const flags = [
  // The tests may run as root in a container, where Chromium's sandbox does not start. The pages are our own.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--font-render-hinting=none',
];

/** A page waits for facts: this ends only what would never end. */
const PATIENCE_MS = 240_000;

/** A profile of its own in that browser. */
export async function newContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  return context;
}

/** A real headless Chromium with more flags; `close()` ends every process of it. */
export async function startChromium(more: readonly string[] = []): Promise<Browser> {
  const args = [...flags, ...more];
  if (installed) return chromium.launch({ executablePath: installed, args, timeout: PATIENCE_MS });
  const home = await unpacked();
  const own = { LD_LIBRARY_PATH: join(home, 'al2023', 'lib'), FONTCONFIG_FILE: join(home, 'fonts.conf') };
  return chromium.launch({
    executablePath: join(home, 'chromium'),
    args,
    timeout: PATIENCE_MS,
    env: { ...(process.env as Record<string, string>), ...own },
  });
}

/**
 * The package's archives, unpacked once per version (2 s), beside the packages and not in the folder that all users of a machine share. Unpacked aside and renamed, because test files run in
 * processes of their own: one must never start the half of a browser that another one is still writing.
 */
async function unpacked(): Promise<string> {
  const home = dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')));
  const { version } = createRequire(import.meta.url)(join(home, 'package.json')) as { version: string };
  const cache = join(home, '..', '..', '.cache');
  const ready = join(cache, `chromium-${version}`);
  if (existsSync(ready)) return ready;
  await mkdir(cache, { recursive: true });
  const aside = await mkdtemp(`${ready}-`);
  const before = process.env['TMPDIR'];
  // The package unpacks into the temporary folder of the process and nowhere else.
  process.env['TMPDIR'] = aside;
  try {
    const archives = ['chromium.br', 'fonts.tar.br', 'al2023.tar.br'];
    await Promise.all(archives.map((archive) => inflate(join(home, 'bin', archive))));
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
  // The package's own names only folders of AWS Lambda; without a font every text is 0 px high, and counts as hidden.
  const fonts = `<fontconfig><dir>${join(ready, 'fonts')}</dir><cachedir>${join(ready, 'cache')}</cachedir></fontconfig>`;
  await writeFile(join(aside, 'fonts.conf'), `<?xml version="1.0"?>${fonts}`);
  // Who comes second finds the folder there, and uses it.
  await rename(aside, ready).catch(() => rm(aside, { recursive: true }));
  return ready;
}
