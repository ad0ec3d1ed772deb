import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { operations } from '../functions/rules/http/operations.ts';
import { allRoutes, type Route } from '../functions/rules/http/routes.ts';

const words: Readonly<Record<string, string>> = {
  anyone: 'anyone',
  signature: "the source's signature",
  user: "the user's token",
};

it('the README names every route of the list once, with who may call it', async () => {
  const rows = [...(await readFile('README.md', 'utf8')).matchAll(/^\| `([A-Z]+ \/[^`]*)` +\| ([^|]*?) +\|/gm)];
  const listed = Object.entries<Route>(allRoutes()).filter(([id]) => id in operations);
  expect(rows.map(([, key, who]) => `${key} ${who}`).toSorted()).toEqual(
    listed.map(([, { key, who }]) => `${key} ${words[who] ?? `\`${who}\``}`).toSorted(),
  );
});
