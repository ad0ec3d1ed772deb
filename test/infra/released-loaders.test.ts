import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { expect, it } from 'vitest';
import { bundleLoader } from '../../infra/bundle.ts';
import { integrityOf, newestLoader, releasedFolder } from '../../infra/released-loaders.ts';

const files = readdirSync(releasedFolder).toSorted();

it('every released loader has the hash that docs/loader.md gives, and none has gone', () => {
  const rows = [
    ...readFileSync('docs/loader.md', 'utf8').matchAll(/^\| `(\d[\d.]+\.m?js)` +\| `(sha384-[^`]+)` +\|$/gm),
  ];
  const hashes = files.map((file) => [file, integrityOf(readFileSync(join(releasedFolder, file)))]);
  expect(rows.map(([, file, hash]) => [file, hash])).toEqual(hashes);
  expect(files.length).toBeGreaterThan(1);
});

it('the newest one is the package, in its version and in its content', async () => {
  const { version } = JSON.parse(readFileSync('packages/web/package.json', 'utf8')) as { version: string };
  expect(newestLoader().version).toBe(version);
  const { files: built } = await bundleLoader();
  const names = built.map(({ path }) => `${version}${extname(path)}`);
  expect(built.map(({ contents }) => integrityOf(contents))).toEqual(
    names.map((name) => integrityOf(readFileSync(join(releasedFolder, name)))),
  );
});
