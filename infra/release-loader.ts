import { readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { stop } from 'esbuild';
import { bundleLoader } from './bundle.ts';
import { integrityOf, releasedFolder } from './released-loaders.ts';

// Writes the loader under the version of packages/web, once and for all, and prints its line for docs/loader.md.

const { version } = JSON.parse(await readFile('packages/web/package.json', 'utf8')) as { version: string };
const { files } = await bundleLoader();
for (const { path, contents } of files) {
  const name = `${version}${extname(path)}`;
  await writeFile(join(releasedFolder, name), contents, { flag: 'wx' });
  console.log(`| \`${name}\` | \`${integrityOf(contents)}\` |`);
}
await stop();
