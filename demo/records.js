/** Shows the bridge's row, null where there is none. Everything is set as text: what a person typed is never read as markup. */
export function showLink(element, link) {
  if (!link) return showNothing(element, 'No row yet.');
  return show(element, link, [
    ['Row', code(link.pk)],
    ['Life', pill(link.accountStatus, link.accountStatus === 'active' ? 'good' : 'bad')],
    ['Contact id', link.contactId ? code(link.contactId) : 'not bound yet'],
    ['Source id', code(link.sourceId)],
    ['Generation', String(link.generation)],
    ['At MaiAgent', standing(link)],
    ['Heard from', Object.keys(link.reports ?? {}).join(', ') || 'nobody'],
    ['Last error', link.lastError],
    ['Changed', time(link.updatedAt)],
  ]);
}

/** Shows MaiAgent's record: `{state: 'found', contact}`, `missing`, `unreachable`, or nothing to ask for. */
export function showContact(element, { state, contact } = {}) {
  if (state === 'unreachable') return showNothing(element, 'MaiAgent cannot be reached.');
  if (state === 'missing') return showNothing(element, 'MaiAgent has no such contact.');
  if (state !== 'found') return showNothing(element, 'None for this person yet.');
  const inboxes = (contact.inboxes ?? []).map(({ name }) => name).join(', ');
  return show(element, contact, [
    ['Name', contact.name],
    ['E-mail', contact.email],
    ['Contact id', code(contact.id)],
    ['Source id', contact.sourceId ? code(contact.sourceId) : 'none'],
    ['Inbox', inboxes],
    ['May query', knowledge(contact.queryMetadata)],
    ['Changed', time(contact.updatedAt)],
  ]);
}

function showNothing(element, text) {
  element.replaceChildren(make('p', { className: 'empty', textContent: text }));
}

function show(element, raw, rows) {
  const list = make('dl');
  for (const [name, value] of rows) {
    if (value === undefined || value === null || value === '') continue;
    const cell = make('dd');
    cell.append(value);
    list.append(make('dt', { textContent: name }), cell);
  }
  const whole = make('pre', { textContent: JSON.stringify(raw, null, 2), tabIndex: 0 });
  const details = make('details');
  // What a person has opened stays open when the record is read again.
  details.open = element.querySelector('details')?.open ?? false;
  details.append(make('summary', { textContent: 'As JSON' }), whole);
  element.replaceChildren(list, details);
}

/** Whether MaiAgent has acknowledged what the row wants; somebody who is gone and never had a contact owes it nothing. */
function standing({ accountStatus, contactId, confirmed }) {
  if (accountStatus !== 'active' && !contactId) return undefined;
  return confirmed ? pill('confirmed', 'good') : pill('outstanding', 'wait');
}

/** How many knowledge bases are open; the ids are in the JSON. */
function knowledge(queryMetadata) {
  const bases = queryMetadata?.knowledge_bases;
  if (!Array.isArray(bases)) return 'not set';
  return bases.length === 1 ? '1 knowledge base' : `${bases.length} knowledge bases`;
}

/** MaiAgent writes milliseconds as text, the bridge ISO 8601. */
function time(value) {
  const date = new Date(/^\d+$/.test(value ?? '') ? Number(value) : value);
  if (Number.isNaN(date.getTime())) return undefined;
  return make('time', { dateTime: date.toISOString(), textContent: date.toLocaleTimeString() });
}

const code = (textContent) => make('code', { textContent });
const pill = (textContent, kind) => make('span', { textContent, className: `pill ${kind}` });

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
