import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import MiniSearch from 'minisearch';
import { apiReference } from './api-reference.ts';
import { type Document, escaped, type Page, pageOf, toPage } from './pages.ts';

// Makes dist/docs of the documents: pages that are read, and searched, from the disk or from any server, without a network.

const root = fileURLToPath(new URL('../..', import.meta.url));
const site = path.join(root, 'dist/docs');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const files = globSync(['*.md', 'docs/**/*.md', '{packages/web,examples}/README.md'], { cwd: root });
const decisions = files.filter((file) => file.startsWith('docs/decisions/')).toSorted();
const list = decisions.map((file) => `- [${/^# (.*)$/m.exec(read(file))?.[1]}](${path.basename(file)})`);
const documents: Document[] = [
  ...files.map((file) => ({ path: file, text: read(file) })),
  { path: 'docs/decisions/index.md', text: `# Decisions\n\n${list.join('\n')}\n` },
  { path: 'docs/api-reference.md', text: apiReference() },
];
const pages = documents.map((one) => toPage(one, new Set(documents.map((document) => document.path))));
const nav = JSON.parse(read('docs/site/nav.json')) as Readonly<Record<string, readonly string[]>>;

rmSync(site, { recursive: true, force: true });
for (const page of pages) write(pageOf(page.path), whole(page));
for (const folder of [
  'docs/images',
  'docs/site/assets',
  'docs/pipelines',
  'docs/webhooks/examples',
  'docs/webhooks/generic.schema.json',
])
  cpSync(path.join(root, folder), path.join(site, folder), { recursive: true });
const packages = createRequire(import.meta.url);
cpSync(path.join(packages.resolve('mermaid'), '../mermaid.min.js'), path.join(site, 'docs/site/assets/mermaid.js'));
cpSync(
  path.join(packages.resolve('minisearch'), '../../umd/index.js'),
  path.join(site, 'docs/site/assets/minisearch.js'),
);
const search = new MiniSearch({ fields: ['title', 'text'], storeFields: ['title', 'page'] });
search.addAll(pages.flatMap(({ sections }) => sections));
// A script and not JSON: a page that is opened from the disk may load the one and not the other.
write('docs/site/assets/search-index.js', `searchIndex = ${JSON.stringify(JSON.stringify(search))};`);
console.log(pathToFileURL(path.join(site, 'README.html')).href);

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(site, file)), { recursive: true });
  writeFileSync(path.join(site, file), text);
}

function whole({ path: place, title, html }: Page): string {
  const up = '../'.repeat(place.split('/').length - 1);
  const titles = new Map(pages.map((page) => [page.path, page.title]));
  const groups = Object.entries(nav).map(
    ([group, members]) =>
      `<h2>${escaped(group)}</h2><ul>${members.map((file) => `<li><a href="${up}${pageOf(file)}"${file === place ? ' aria-current="page"' : ''}>${escaped(titles.get(file) ?? file)}</a></li>`).join('')}</ul>`,
  );
  const language = /\.(ja|zh-Hant)\.md$/.exec(place)?.[1] ?? 'en';
  const scripts = ['minisearch', 'search-index', 'search', ...(html.includes('class="mermaid"') ? ['mermaid'] : [])];
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>${escaped(title)} · contact-bridge</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="${up}docs/site/assets/page.css">
<a class="skip" href="#content">Skip to the text</a>
<nav aria-label="Documents">
<search><label>Search <input type="search" id="search" autocomplete="off" data-up="${up}"></label><ol id="found" aria-live="polite"></ol></search>
<details open><summary>All pages</summary>${groups.join('')}</details>
</nav>
<main id="content" tabindex="-1">${html}</main>
${scripts.map((name) => `<script src="${up}docs/site/assets/${name}.js"></script>`).join('\n')}
</html>
`;
}
