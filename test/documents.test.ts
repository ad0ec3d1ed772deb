import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { operations } from '../functions/rules/http/operations.ts';
import { allRoutes, type Route } from '../functions/rules/http/routes.ts';

const documents = globSync(['*.md', '{docs,examples,packages,test}/**/*.md'], { exclude: ['**/node_modules/**'] });
const read = (path: string) => readFileSync(path, 'utf8');

const words: Readonly<Record<string, string>> = {
  anyone: 'anyone',
  signature: "the source's signature",
  user: "the user's token",
};

it('docs/api.md names every route of the list once, with who may call it', () => {
  const rows = [...read('docs/api.md').matchAll(/^\| `([A-Z]+ \/[^`]*)` +\| ([^|]*?) +\|/gm)];
  const listed = Object.entries<Route>(allRoutes()).filter(([id]) => id in operations);
  expect(rows.map(([, key, who]) => `${key} ${who}`).toSorted()).toEqual(
    listed.map(([, { key, who }]) => `${key} ${words[who] ?? `\`${who}\``}`).toSorted(),
  );
});

/** What a heading is called in an address, as GitHub makes it; a second one of that name gets a number. */
function anchorsOf(text: string): Set<string> {
  const seen = new Set<string>();
  for (const [, heading = ''] of text.replaceAll(/^```.*?^```/gms, '').matchAll(/^#+ (.+)$/gm)) {
    const words = heading.replaceAll(/\]\([^)]*\)/g, '').toLowerCase();
    const name = words.replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-');
    let [own, count] = [name, 0];
    while (seen.has(own)) own = `${name}-${++count}`;
    seen.add(own);
  }
  return seen;
}

/** Each relative link of a document that leads nowhere. */
function lost(document: string): string[] {
  const prose = read(document).replaceAll(/^```.*?^```/gms, '');
  const links = [...prose.matchAll(/\]\(<?([^)\s>]+)>?\)|src="([^"]+)"/g)].map(([, link, src]) => link ?? src ?? '');
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? document : normalize(join(dirname(document), path));
    return !existsSync(target) || (anchor !== undefined && !anchorsOf(read(target)).has(anchor));
  });
}

it.each(documents)('every link of %s leads somewhere', (document) => expect(lost(document)).toEqual([]));

describe('the README', () => {
  const text = read('README.md');
  const blocks = (of: string) => [...of.matchAll(/^```(\w*)\n(.*?)^```/gms)].map(([, kind, code]) => [kind, code]);
  const withoutPictures = (of: string) => blocks(of).filter(([kind]) => kind !== 'mermaid');

  it('is read in ten minutes: under 700 words, code and all', () =>
    expect(text.split(/\s+/).filter(Boolean).length).toBeLessThan(700));

  it('has one picture', () => expect(blocks(text).filter(([kind]) => kind === 'mermaid')).toHaveLength(1));

  it.each(['README.ja.md', 'README.zh-Hant.md'])('has the commands, snippets and links of %s', (other) => {
    const linked = (of: string) => [...of.matchAll(/\]\((?!README)([^)]+)\)/g)].map(([, link]) => link);
    expect(withoutPictures(read(other))).toEqual(withoutPictures(text));
    expect(linked(read(other))).toEqual(linked(text));
  });
});
