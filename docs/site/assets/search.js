// Finds sections of the documents by their words; the index and the library lie beside this file.
(() => {
  const field = document.getElementById('search');
  const found = document.getElementById('found');
  const options = { fields: ['title', 'text'], storeFields: ['title', 'page'] };
  const library = window.MiniSearch;
  const index = library.loadJSON(window.searchIndex, options);
  const resultsMax = 12;

  function show() {
    const results = index.search(field.value, { prefix: true, combineWith: 'AND', boost: { title: 3 } });
    found.replaceChildren(...results.slice(0, resultsMax).map(link));
  }

  function link({ id, title, page }) {
    const item = document.createElement('li');
    const anchor = Object.assign(document.createElement('a'), { href: field.dataset.up + id });
    const where = Object.assign(document.createElement('small'), { textContent: title === page ? '' : page });
    anchor.append(title, ' ', where);
    item.append(anchor);
    return item;
  }

  field.addEventListener('input', show);
  // Mermaid draws what is there when it is loaded.
  window.addEventListener('load', () => {
    const dark = window.matchMedia('(prefers-color-scheme: dark)').matches;
    window.mermaid?.initialize({ startOnLoad: false, theme: dark ? 'dark' : 'default' });
    void window.mermaid?.run();
  });
  // On a narrow screen the list of pages would stand before the text.
  if (window.innerWidth < 900) document.querySelector('nav details').open = false;
})();
