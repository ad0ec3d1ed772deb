export const at = (id) => document.getElementById(id);

/** An element with its properties and children. Text goes in as text, never as markup. */
export function make(tag, properties = {}, ...children) {
  const { data = {}, label, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  if (label !== undefined) element.setAttribute('aria-label', label);
  Object.assign(element.dataset, data);
  element.append(...children);
  return element;
}

/** What is going on, for everybody who does not see it. */
export const said = (text) => (at('said').textContent = text);
export const failed = (error) => (at('failed').textContent = error instanceof Error ? error.message : error);

/** Asks the console. Throws what it says where it cannot. */
export async function ask(name, body = {}) {
  const headers = { 'content-type': 'application/json' };
  const sent = fetch(`api/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const response = await sent.catch(() => undefined);
  if (!response) throw new Error('the console does not answer: is the command still running?');
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

/** Lines as a command shows them. */
export const lines = (texts) =>
  make('pre', { className: 'lines' }, ...(texts.length === 0 ? ['nothing'] : texts).map(line));

/** A name has a column of its own in every font; the rest of the line is as it is. */
function line(text) {
  const [, name, rest] = /^(\S.{12}\s) (\S.*)$/s.exec(text) ?? [];
  if (name === undefined) return `${text}\n`;
  return make('span', {}, make('span', { className: 'name' }, `${name} `), `${rest}\n`);
}

/** A button whose work is done once at a time, and whose failure is told. */
export function button(text, work, properties = {}) {
  const made = make('button', { type: 'button', ...properties }, text);
  made.addEventListener('click', () => void busy(made, work));
  return made;
}

/** A form of labelled fields; `work` takes their values by name. */
export function form(fields, text, work, properties = {}) {
  const submit = make('button', { type: 'submit', className: 'primary' }, text);
  const labelled = fields.map(([name, words, more = {}]) => {
    const field = make(more.tag ?? 'input', { name, autocomplete: 'off', ...more });
    return make('label', {}, `${words} `, field);
  });
  const made = make('form', properties, ...labelled, submit);
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    void busy(submit, () => work(Object.fromEntries(new FormData(made)), made));
  });
  return made;
}

async function busy(control, work) {
  if (control.getAttribute('aria-disabled') === 'true') return;
  // Disabled in words alone: a control that is disabled would lose the focus.
  control.setAttribute('aria-disabled', 'true');
  failed('');
  said('Asking…');
  try {
    said((await work()) ?? '');
  } catch (error) {
    said('');
    failed(error);
  } finally {
    control.removeAttribute('aria-disabled');
  }
}

/** A table that scrolls by itself where it is too wide. Answers its body too, for more rows. */
export function table(label, columns) {
  const body = make('tbody');
  const head = make('tr', {}, ...columns.map((name) => make('th', { scope: 'col' }, name)));
  const whole = make('table', {}, make('thead', {}, head), body);
  const scroll = make('div', { className: 'scroll', role: 'region', tabIndex: 0, label }, whole);
  return { scroll, body };
}

export const row = (...cells) => make('tr', {}, ...cells.map((cell) => make('td', {}, cell)));
