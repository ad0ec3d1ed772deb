import { ask, button, form, lines, make, row, said, table } from './dom.js';

/** As many people as a person reads. */
const ENOUGH = 20;

export async function people() {
  const results = make('div');
  const byId = form([['userId', 'User id', { required: true, maxLength: 256 }]], 'Open', ({ userId }) => {
    location.hash = `#/people/${encodeURIComponent(userId)}`;
  });
  const words = [['text', 'Part of an id, a name or an address', { required: true, maxLength: 256 }]];
  const search = form(words, 'Search', ({ text }) => find(text, results));
  return [byId, search, results];
}

/** Goes through the links page by page until enough were found; what was found stays, and the rest is one press away. */
async function find(text, results) {
  const { scroll, body } = table('People found', ['User', 'Name', 'Address', 'Account']);
  const more = button('Go on', () => walk(), { hidden: true });
  results.replaceChildren(scroll, more);
  let [from, looked] = [undefined, 0];
  const walk = async () => {
    let found = 0;
    do {
      const page = await ask('people', { text, from });
      [from, looked, found] = [page.next, looked + page.looked, found + page.people.length];
      body.append(...page.people.map(personRow));
      said(`${looked} links looked at, ${body.rows.length} found…`);
    } while (from !== null && found < ENOUGH && scroll.isConnected);
    more.hidden = from === null;
    return `${looked} links looked at, ${body.rows.length} found.${from === null ? '' : ' There are more links.'}`;
  };
  return walk();
}

function personRow({ userId, name, email, accountStatus }) {
  return row(make('a', { href: `#/people/${encodeURIComponent(userId)}` }, userId), name, email, accountStatus);
}

export async function person(userId) {
  const { accountStatus, lines: why } = await ask('person', { userId });
  const below = make('div');
  const shown = (title, texts) => below.replaceChildren(make('h2', {}, title), lines(texts));
  const action = (words, title, name, more = {}) =>
    button(words, async () => shown(title, (await ask(name, { userId, ...more })).lines));
  const actions = make(
    'div',
    { className: 'actions' },
    action('Log of the last day', 'Log', 'logs', { hours: 24 }),
    action('Read from the stores', 'Reading', 'refresh'),
    ...(accountStatus === 'deleted' ? [action('Receipt of the erasure', 'Receipt', 'receipt')] : []),
  );
  const words = [['word', 'Erases this person for good. Type erase to agree', { required: true, pattern: 'erase' }]];
  const erase = form(words, 'Erase', async (_, made) => {
    const { state, lines: receipt } = await ask('erase', { userId });
    made.reset();
    shown('Receipt', receipt);
    return state === 'outstanding' ? 'The erasure is under way; erase again, or look at the receipt later.' : 'Erased.';
  });
  return [lines(why), actions, below, erase];
}
