import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { outages, refusals } from '../functions/rules/failure.ts';
import { operations } from '../functions/rules/http/operations.ts';
import { allRoutes, type Route } from '../functions/rules/http/routes.ts';
import { stageSchema } from '../infra/config.ts';
import { bridgeOptionsOf } from '../local/settings.ts';

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

const byName = ([one = '']: readonly string[], [other = '']: readonly string[]) => one.localeCompare(other, 'en');

/** The rows of a document's tables whose first cell is one piece of code: that, and the cell after it. */
const rowsOf = (document: string) =>
  [...read(document).matchAll(/^\| `([\w.]+)` +\| ([^|]*?) +\|/gm)].map(
    ([, name = '', next = '']) => [name, next] as const,
  );

it('docs/codes.md names every code of the API once, with its status', () => {
  const codes = Object.entries({ ...refusals, ...outages, internal_error: [500] });
  expect(rowsOf('docs/codes.md').toSorted(byName)).toEqual(
    codes.map(([code, [status]]) => [code, `${status}`]).toSorted(byName),
  );
});

/** A part of a schema; `default` stands in `prefault` too. */
interface Part {
  readonly properties?: Readonly<Record<string, Part>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
}

/** Every setting as a stage writes it, down to the members of its members, with its default. */
function settingsIn({ properties = {}, required = [] }: Part, above = ''): [string, string][] {
  return Object.entries(properties).flatMap(([name, part]): [string, string][] => {
    const path = `${above}${name}`;
    const isWhole = above !== '' || !part.properties;
    if (!isWhole) return settingsIn(part, `${path}.`);
    const otherwise = required.includes(name) ? 'needed' : 'none';
    return [[path, part.default === undefined ? otherwise : `\`${JSON.stringify(part.default)}\``]];
  });
}

it('docs/settings.md names every setting of a stage once, with its default', () => {
  const schema = z.toJSONSchema(stageSchema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  expect(rowsOf('docs/settings.md').toSorted(byName)).toEqual(settingsIn(schema as Part).toSorted(byName));
});

it('docs/loader.md names every option of `start`', () => {
  const [, options = ''] = /interface StartOptions \{(.*?)^\}/ms.exec(read('browser/interface.ts')) ?? [];
  const names = [...options.matchAll(/^  readonly (\w+)\??:/gm)].map(([, name]) => name);
  const [, table = ''] = /^## Options of `start`(.*?)^## /ms.exec(read('docs/loader.md')) ?? [];
  expect(new Set([...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name))).toEqual(new Set(names));
});

it('docs/commands.md names every command', () => {
  const help = execFileSync(process.execPath, ['local/cli.ts', '--help'], { encoding: 'utf8' });
  const [, list = ''] = /^Commands:$(.*)/ms.exec(help) ?? [];
  const names = [...list.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
  const named = [...read('docs/commands.md').matchAll(/`([a-z][\w-]*)[^`]*`/g)].map(([, name]) => name);
  expect(named).toEqual(expect.arrayContaining(names));
  expect(names.length).toBeGreaterThan(10);
});

it('docs/local.md names every variable of `npm start`', () => {
  const names = new Set<string>();
  bridgeOptionsOf(new Proxy({}, { get: (_, name) => void names.add(String(name)) }));
  const named = [...read('docs/local.md').matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].map(([, name]) => name);
  expect(named).toEqual(expect.arrayContaining([...names]));
  expect(names).toContain('MAIAGENT_WEB_CHAT_ID');
});

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
