import { ask, button, form, lines, make } from './dom.js';

export async function quarantine() {
  const list = make('div', { className: 'list' });
  const fill = async () => {
    const { records, isMore } = await ask('quarantine');
    const count =
      records.length === 0
        ? 'The quarantine is empty.'
        : `In quarantine: ${records.length}${isMore ? ' and more' : ''}`;
    list.replaceChildren(make('p', {}, count), ...records.map((one) => card(one, fill)));
  };
  const redrive = button('Redrive all', async () => {
    const { found, redriven, left } = await ask('redrive');
    await fill();
    return `${found} found, ${redriven} redriven, ${left} left.`;
  });
  await fill();
  return [make('div', { className: 'actions' }, redrive), list];
}

function card({ recordId, source, eventId, arrivedAt, flaws }, fill) {
  const contents = make('div');
  // Whoever presses it has read what it shows.
  const show = button('Show what is in it: names, addresses and what else the store keeps', async () => {
    const { record } = await ask('show', { recordId });
    contents.replaceChildren(lines(Object.entries(record).flatMap(([name, text]) => [`${name}:`, text])));
  });
  const words = [['why', 'Why it is discarded; it is kept, and names nobody', { required: true, maxLength: 256 }]];
  const discard = form(words, 'Discard', async ({ why }) => {
    const { discarded } = await ask('discard', { recordId, why });
    await fill();
    return discarded === 1 ? 'Discarded.' : 'It was not in quarantine any more.';
  });
  const head = make('header', {}, make('h2', {}, `${source}  ${eventId}`), make('p', {}, `since ${arrivedAt}`));
  const wrong = lines(flaws.map(({ path, problem }) => `${path} ${problem}`));
  return make(
    'section',
    { className: 'card' },
    head,
    wrong,
    make('div', { className: 'actions' }, show),
    contents,
    discard,
  );
}
