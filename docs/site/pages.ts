import path from 'node:path';
import { Marked, type Tokens } from 'marked';

/** A document of the repository: its path, and its Markdown. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

/** A document as a page of the site. */
export interface Page {
  readonly path: string;
  readonly title: string;
  readonly html: string;
  /** Each heading with the words below it, for the search. */
  readonly sections: readonly Section[];
}

export interface Section {
  /** The address of the heading, from the top of the site. */
  readonly id: string;
  readonly title: string;
  readonly page: string;
  readonly text: string;
}

/** Where a document stands in the site. */
export const pageOf = (document: string): string => document.replace(/\.md$/, '.html');

/** Makes pages of documents. A link to one of `documents`, or to a folder, leads to its page; what else a document shows lies where it lies here. */
export function toPage({ path: place, text }: Document, documents: ReadonlySet<string>): Page {
  const slug = slugs();
  const sections: { id: string; title: string; page: string; text: string }[] = [];
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text: raw }: Tokens.Heading) {
        const id = slug(plain(raw));
        sections.push({ id: `${pageOf(place)}#${id}`, title: plain(raw), page: '', text: '' });
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        return `<a href="${escaped(linkOf(href, place, documents))}">${this.parser.parseInline(tokens)}</a>`;
      },
      code({ text: code, lang }: Tokens.Code) {
        if (lang === 'mermaid') return `<pre class="mermaid">${escaped(code)}</pre>\n`;
        return `<pre tabindex="0"><code>${escaped(code)}</code></pre>\n`;
      },
    },
  });
  const html = marked.parse(text, { async: false });
  const bodies = text.split(/^#+ .*$/m).slice(1);
  const title = sections[0]?.title ?? place;
  const whole = sections.map((one, index) => ({ ...one, page: title, text: plain(bodies[index] ?? '') }));
  return { path: place, title, html, sections: whole };
}

function linkOf(href: string, from: string, documents: ReadonlySet<string>): string {
  if (/^[a-z]+:|^#/.test(href)) return href;
  const [file = '', anchor] = href.split('#');
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(from), file));
  const isFolder = documents.has(`${target.replace(/\/$/, '')}/index.md`);
  const page = isFolder ? `${file.replace(/\/$/, '')}/index.html` : documents.has(target) ? pageOf(file) : file;
  return anchor === undefined ? page : `${page}#${anchor}`;
}

/** The names of headings as GitHub makes them; a second one of a name gets a number. */
function slugs(): (heading: string) => string {
  const seen = new Set<string>();
  return (heading) => {
    const letters = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '');
    const name = letters.replaceAll(' ', '-');
    let [own, count] = [name, 0];
    while (seen.has(own)) own = `${name}-${++count}`;
    seen.add(own);
    return own;
  };
}

/** Without what is Markdown's own. */
const plain = (markdown: string): string =>
  markdown
    .replaceAll(/\]\([^)]*\)/g, '')
    .replaceAll(/[`*[\]]|^\||^```.*$/gm, '')
    .trim();

export const escaped = (text: string): string => text.replaceAll(/[<>&"]/g, (one) => `&#${one.charCodeAt(0)};`);
