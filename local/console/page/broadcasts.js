import { ask, button, failed, form, lines, make, row, table } from './dom.js';

/** As often as a person can follow. */
const FOLLOW_MS = 1_000;

export async function broadcasts() {
  const { scroll, body } = table('Broadcasts', ['Created', 'State', 'Next', 'Message']);
  let from;
  const page = async () => {
    const { broadcasts: listed, next } = await ask('broadcasts', { from });
    body.append(...listed.map(listedRow));
    from = next;
    more.hidden = next === null;
  };
  const more = button('Older ones', page);
  await page();
  return [body.rows.length === 0 ? make('p', {}, 'There are no broadcasts.') : scroll, more, composer()];
}

const listedRow = ({ broadcastId, state, createdAt, nextAt, message }) =>
  row(make('a', { href: `#/broadcasts/${broadcastId}` }, createdAt), state, nextAt ?? '', message);

/** A message is previewed first, and sent as it stands in the form, to exactly those whom the preview has shown. */
function composer() {
  const preview = make('div');
  // One key for one request of this form: pressed twice, or previewed again after a lost answer, nothing is sent twice.
  const keys = new Map();
  let changes = 0;
  const fields = [
    ['message', 'What they read', { tag: 'textarea', required: true }],
    ['users', 'User ids, one a line; nobody named is everybody', { tag: 'textarea' }],
    ['role', 'Only with this role'],
    ['group', 'Only in this group'],
  ];
  const made = form(fields, 'Preview', async (values) => {
    const request = requestOf(values);
    const before = changes;
    const { lines: texts, audienceHash } = await ask('preview', { request });
    const sending = { ...request, ...(audienceHash !== null && { audienceHash }) };
    // The form can be changed while the answer is under way.
    if (changes !== before) return 'The form was changed: preview it again.';
    const asked = JSON.stringify(request);
    if (!keys.has(asked)) keys.set(asked, crypto.randomUUID());
    preview.replaceChildren(lines([`message        ${request.message}`, ...texts]), sender(sending, keys.get(asked)));
    return texts[0];
  });
  made.addEventListener('input', () => {
    changes += 1;
    preview.replaceChildren();
  });
  return make('section', {}, make('h2', {}, 'Send a message'), made, preview);
}

function requestOf({ message, users, role, group }) {
  const userIds = users.split('\n').filter(Boolean);
  const where = { ...(role && { roles: [role] }), ...(group && { groups: [group] }) };
  const narrowed = Object.keys(where).length === 0 ? {} : { where };
  if (userIds.length > 0) return { message, audience: { kind: 'users', userIds, ...narrowed } };
  return { message, audience: { kind: 'all', ...narrowed }, confirm: 'all' };
}

function sender(request, key) {
  const word = request.audience.kind === 'all' ? 'all' : 'send';
  const words = [['word', `Type ${word} to send it to exactly these`, { required: true, pattern: word }]];
  return form(words, 'Send', async () => {
    const { broadcastId } = await ask('send', { request, key });
    location.hash = `#/broadcasts/${broadcastId}`;
  });
}

export async function broadcast(broadcastId, isOpen) {
  const facts = make('div');
  const ledger = make('div');
  const last = await ask('broadcast', { broadcastId });
  let [run, isPaused, next, isOld] = [];
  const show = ({ lines: texts, runs, state, isRate }) => {
    facts.replaceChildren(...runs.slice(0, 1).map(progress), lines(texts));
    [run] = runs;
    isPaused = state === 'paused';
    pause.textContent = isPaused ? `Let it go on${isRate ? ': it sends at once' : ''}` : 'Pause it';
    for (const one of [cancel, pause, editor]) one.hidden = !['scheduled', 'accepted', 'paused'].includes(state);
    const goesOn =
      state === 'accepted' || runs.some((one) => !one.isOver) || (state === 'scheduled' && runs.length === 0);
    if (goesOn) next ??= setTimeout(() => void follow(), FOLLOW_MS);
  };
  const change = async (what, more) => {
    const { state } = await ask(what, { broadcastId, ...more });
    show(await ask('broadcast', { broadcastId }));
    return `It is ${state}.`;
  };
  const cancel = button('Cancel it for good', () => change('cancel'));
  const pause = button('Pause it', () => change('edit', { edit: { paused: !isPaused } }));
  const text = ['message', 'What they read', { tag: 'textarea', required: true, value: last.message }];
  const editor = form([text], 'Change the message', (edit) => change('edit', { edit }));
  const report = button('Ledger of the newest run', () => showLedger(broadcastId, run, ledger));
  const follow = async () => {
    if (!isOpen()) return;
    try {
      const found = await ask('broadcast', { broadcastId });
      next = undefined;
      show(found);
      if (isOld) failed('');
      isOld = false;
    } catch (error) {
      if (!isOld) failed(`What is shown gets old: ${error.message}`);
      isOld = true;
      next = setTimeout(() => void follow(), FOLLOW_MS);
    }
  };
  show(last);
  return [facts, make('div', { className: 'actions' }, report, pause, cancel), editor, ledger];
}

function progress({ scheduledAt, settled, recipients, warning }) {
  const bar = make('progress', { value: settled, max: Math.max(1, recipients), label: `Run of ${scheduledAt}` });
  const text = make('p', {}, `${settled} of ${recipients} have their last state`);
  return make('div', {}, text, bar, ...(warning ? [make('p', { className: 'warning' }, warning)] : []));
}

async function showLedger(broadcastId, run, ledger) {
  if (!run) return 'No run has begun.';
  const { scroll, body } = table('Ledger', ['User', 'State', 'Why', 'At']);
  let from;
  const page = async () => {
    const { recipients, next } = await ask('ledger', { broadcastId, run: run.scheduledAt, from });
    body.append(
      ...recipients.map((one) => row(one.userId ?? one.contactId ?? '', one.state, one.reason ?? '', one.at)),
    );
    from = next;
    more.hidden = next === null;
    return `${body.rows.length} recipients shown.`;
  };
  const more = button('More recipients', page);
  ledger.replaceChildren(scroll, more);
  return page();
}
