import { text, timeOf } from './texts.js';

/** Shows the bridge's row, null where there is none. Everything is set as text: what a person typed is never read as markup. */
export function showLink(element, link) {
  if (!link) return showNothing(element, text('noLink'));
  const { accountStatus } = link;
  return show(element, link, [
    ['row', code(link.pk)],
    ['life', pill(lifeOf(accountStatus), accountStatus === 'active' ? 'good' : 'bad')],
    ['contactId', link.contactId ? code(link.contactId) : text('notBound')],
    ['sourceId', code(link.sourceId)],
    ['generation', String(link.generation)],
    ['atMaiAgent', standing(link)],
    ['heardFrom', (link.reports ?? []).map(({ source }) => source).join(', ') || text('nobody')],
    ['lastError', link.lastError],
    ['changed', timeOf(link.updatedAt)],
  ]);
}

const lifeOf = (status) => text(status === 'disabled' ? 'isDisabled' : status);

/** Shows MaiAgent's record: `{state: 'found', contact}`, `missing`, `unreachable`, or nothing to ask for. */
export function showContact(element, { state, contact } = {}, names = {}) {
  if (state === 'unreachable' || state === 'missing') return showNothing(element, text(state));
  if (state !== 'found') return showNothing(element, text('noContact'));
  return show(element, contact, [
    ['name', contact.name],
    ['email', contact.email],
    ['contactId', code(contact.id)],
    ['sourceId', contact.sourceId ? code(contact.sourceId) : text('none')],
    ['inbox', (contact.inboxes ?? []).map(({ name }) => name).join(', ')],
    ['grants', knowledge(contact.queryMetadata, names)],
    // MaiAgent writes milliseconds as text.
    ['changed', timeOf(/^\d+$/.test(contact.updatedAt ?? '') ? Number(contact.updatedAt) : contact.updatedAt)],
  ]);
}

/** Shows which rule held and what each one asked, as the API explains it; for a visitor, of whom no rule is asked, nothing is to be explained. */
export function showPermissions(element, permissions, names) {
  if (!permissions) return showNothing(element, text('visitorRule'));
  const { decidedBy, rule, unknown, rules, queryMetadata } = permissions;
  const sentences = {
    rule: () => text('rule', rule + 1),
    no_rule: () => text('no_rule'),
    unknown: () => text('unknown', unknown.join(', ')),
  };
  const list = make('ol', { className: 'rules' });
  for (const one of rules) list.append(ruleShown(one));
  show(element, permissions, [['grants', knowledge(queryMetadata, names)]]);
  element.prepend(make('p', { textContent: (sentences[decidedBy] ?? (() => text('inactive')))() }), list);
}

function ruleShown({ holds, tests }) {
  const item = make('li');
  const asked = tests.map(({ field, value }) => `${field} = ${value}`).join(', ');
  item.append(code(asked), ' ', pill(text(holds ? 'holds' : 'passedOver'), holds ? 'good' : 'plain'));
  return item;
}

/** Shows what a token says; nobody verifies it here, the API does. */
export function showToken(element, token) {
  if (!token) return showNothing(element, text('noToken'));
  const bytes = Uint8Array.from(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')), (one) =>
    one.charCodeAt(0),
  );
  const claims = JSON.parse(new TextDecoder().decode(bytes));
  const { exp, iat: _, ...rest } = claims;
  const rows = Object.entries(rest).map(([name, value]) => [code(name), [value].flat().join(', ')]);
  return show(element, claims, [...rows, ['expires', timeOf(exp * 1000)]]);
}

/** Shows one request of the loader with its answer; `status` is absent where none came. */
export function showRequest(element, exchange) {
  if (!exchange) return showNothing(element, text('noRequest'));
  const { path, at, status, ms, body } = exchange;
  const answer =
    status === undefined ? pill(text('noAnswer'), 'bad') : pill(String(status), status < 300 ? 'good' : 'wait');
  return show(element, body ?? {}, [
    ['request', code(`POST ${path}`)],
    ['asked', timeOf(at)],
    [code('HTTP'), join(answer, text('took', ms))],
    [code('outcome'), body?.outcome ?? body?.code],
    ['contactId', body?.contactId && code(body.contactId)],
  ]);
}

/** Shows what the loader told, the newest last. */
export function showEvents(element, events) {
  element.replaceChildren(
    ...events.map(({ at, state, detail: { code: why, retryInMs } }) => {
      const item = make('li');
      item.append(timeOf(at), ' ', code(state), why ? ` ${why}` : '', retryInMs ? ` ${Math.round(retryInMs)} ms` : '');
      return item;
    }),
  );
}

function showNothing(element, textContent) {
  element.replaceChildren(make('p', { className: 'empty', textContent }));
}

function show(element, raw, rows) {
  const list = make('dl');
  for (const [name, value] of rows) {
    if (value === undefined || value === null || value === '') continue;
    const term = make('dt');
    term.append(typeof name === 'string' ? text(name) : name);
    const cell = make('dd');
    cell.append(value);
    list.append(term, cell);
  }
  const whole = make('pre', { textContent: JSON.stringify(raw, null, 2), tabIndex: 0 });
  const details = make('details');
  // What a person has opened stays open when the record is read again.
  details.open = element.querySelector('details')?.open ?? false;
  details.append(make('summary', { textContent: text('asJson') }), whole);
  element.replaceChildren(list, details);
}

/** Whether MaiAgent has acknowledged what the row wants; somebody who is gone and never had a contact owes it nothing. */
function standing({ accountStatus, contactId, confirmed }) {
  if (accountStatus !== 'active' && !contactId) return undefined;
  return confirmed ? pill(text('confirmed'), 'good') : pill(text('outstanding'), 'wait');
}

/** The knowledge bases that are open, by name where the page knows it. */
function knowledge(queryMetadata, names) {
  const bases = queryMetadata?.knowledge_bases;
  if (!Array.isArray(bases)) return text('notSet');
  return bases.map((base) => names[base.knowledge_base_id ?? base.id] ?? base.knowledge_base_id ?? base.id).join(', ');
}

const code = (textContent) => make('code', { textContent });
const pill = (textContent, kind) => make('span', { textContent, className: `pill ${kind}` });

function join(...parts) {
  const whole = make('span');
  whole.append(parts[0], ' ', parts[1]);
  return whole;
}

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
