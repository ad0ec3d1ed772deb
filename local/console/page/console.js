import { broadcast, broadcasts } from './broadcasts.js';
import { ask, at, failed, lines, make, said } from './dom.js';
import { people, person } from './people.js';
import { quarantine } from './quarantine.js';

/** By the first part of the address behind `#/`: the title, and what shows the view. The second part is whose or which. */
const views = {
  // An address may be called `constructor`.
  __proto__: null,
  status: { title: () => 'Status', show: status },
  people: {
    title: (userId) => userId ?? 'People',
    show: (userId) => (userId === undefined ? people() : person(userId)),
  },
  quarantine: { title: () => 'Quarantine', show: quarantine },
  broadcasts: {
    title: (id) => (id === undefined ? 'Broadcasts' : 'Broadcast'),
    show: (id, isOpen) => (id === undefined ? broadcasts() : broadcast(id, isOpen)),
  },
};

/** Counts the views, so that a slow answer never lands in a view that was left. */
let shown = 0;

async function show() {
  const [name = '', part] = location.hash.slice(2).split('/');
  const view = views[name] ?? views.status;
  const mine = ++shown;
  const isOpen = () => mine === shown;
  for (const link of document.querySelectorAll('nav a'))
    if (link.hash === `#/${views[name] ? name : 'status'}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  failed('');
  said('Asking…');
  at('view').replaceChildren();
  try {
    const which = part && decodeURIComponent(part);
    at('title').textContent = view.title(which);
    document.title = `${view.title(which)} – contact-bridge console`;
    const content = await view.show(which, isOpen);
    if (isOpen()) at('view').replaceChildren(...content);
  } catch (error) {
    if (isOpen()) failed(error);
  }
  if (isOpen()) said('');
}

async function status() {
  const { isHealthy, lines: texts } = await ask('status');
  return [make('p', { className: `badge${isHealthy ? ' good' : ''}` }, texts[0]), lines(texts.slice(1))];
}

addEventListener('hashchange', () => {
  if (location.hash === '#view') return;
  at('title').focus();
  void show();
});
void show();
