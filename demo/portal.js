import { ask, broadcastTo, explained, people, post, setDisabled, signedIn, signIn, token } from './people.js';
import { showContact, showEvents, showLink, showPermissions, showRequest, showToken } from './records.js';
import { language, languages, text, translate } from './texts.js';

const at = (id) => document.getElementById(id);

/** What each state of the loader says to the person in front of the page: what is, and why. */
const sentences = {
  asking: () => [text('asking'), ''],
  waiting: (code) => [text('waiting'), text('waitingWhy', code)],
  open: () => [text('open', signedIn().name ?? text('aVisitor')), text('openWhy')],
  refused: (code) =>
    code === 'user_disabled' ? [text('disabled'), text('disabledWhy')] : [text('refused'), text('refusedWhy', code)],
  failed: (code) => [text('failed'), text('failedWhy', code)],
  closed: () => [text('closed'), ''],
  reloading: () => [text('reloading'), text('reloadingWhy')],
};

function showState(state, detail = {}) {
  const [now, why] = sentences[state](detail.code);
  // Written only when it changes: a live region that is written again is read out again.
  if (at('now').textContent !== now) at('now').textContent = now;
  if (at('why').textContent !== why) at('why').textContent = why;
  at('state').dataset.state = state;
  countDown(detail.retryInMs);
  keepEvent({ at: Date.now(), state, detail });
  void showRecords();
}

let counting;

/** Says how long until the next try, second by second; nobody is read that aloud. */
function countDown(ms) {
  clearInterval(counting);
  const endMs = performance.now() + ms;
  const show = () => {
    const seconds = Math.ceil((endMs - performance.now()) / 1000);
    at('countdown').textContent = seconds > 0 ? text('nextTry', seconds) : '';
  };
  show();
  if (ms) counting = setInterval(show, 1000);
}

const eventsMax = 12;

/** Kept for this tab, because the loader reloads the page where the person changes. */
function keepEvent(event) {
  const events = [...JSON.parse(sessionStorage.getItem('events') ?? '[]'), ...(event ? [event] : [])].slice(-eventsMax);
  sessionStorage.setItem('events', JSON.stringify(events));
  showEvents(at('events'), events);
}

/** What the loader asks goes through here, so that the page can show it. A visitor's own token stays out of it. */
const send = window.fetch;
window.fetch = async (address, request) => {
  const path = new URL(address, location.href).pathname;
  if (!/^\/v1\/(identity|visitors)$/.test(path)) return send(address, request);
  const exchange = { path, at: Date.now() };
  const startedMs = performance.now();
  try {
    const response = await send(address, request);
    const { visitorToken: _, ...body } = await response.clone().json();
    Object.assign(exchange, { status: response.status, body });
    return response;
  } finally {
    showRequest(at('request'), { ...exchange, ms: Math.round(performance.now() - startedMs) });
  }
};

async function read(path) {
  const response = await ask(path);
  return response.ok ? response.json() : undefined;
}

/** Counts the readings, so that a slow one never overwrites a newer one. */
let reading = 0;
let names = {};

async function showRecords() {
  const mine = ++reading;
  const { sub } = signedIn();
  const opened = window.maiagentChatbotConfig?.contactId;
  const asked = sub ? `userId=${encodeURIComponent(sub)}` : opened && `contactId=${opened}`;
  const link = asked ? (await read(`/local/demo/link?${asked}`))?.link : undefined;
  const [contact, why] = await Promise.all([
    link?.contactId && read(`/local/demo/contact?contactId=${link.contactId}`),
    sub && explained(sub),
  ]);
  if (mine !== reading) return;
  showLink(at('link'), link);
  showContact(at('contact'), contact, names);
  showPermissions(at('permissions'), why?.permissions, names);
  const isDisabled = link?.accountStatus === 'disabled';
  at('status').hidden = !sub || !link;
  at('broadcast').hidden = at('broadcast-why').hidden = !sub || !opened;
  at('status').textContent = text(isDisabled ? 'enable' : 'disable');
  at('status').dataset.disabled = String(isDisabled);
}

function showPeople() {
  const me = signedIn();
  at('me').textContent = me.name ?? text('visitor');
  at('sign-out').hidden = !me.sub;
  at('people').replaceChildren(...people.map((person) => card(person, person.sub === me.sub)));
  if (!people.some(({ sub }) => sub === me.sub)) at('anyone').open = true;
  showToken(at('token'), token());
}

function card(person, checked) {
  const label = document.createElement('label');
  const id = person.sub ?? 'visitor';
  const radio = Object.assign(document.createElement('input'), {
    type: 'radio',
    name: 'person',
    id: `as-${id}`,
    checked,
  });
  const [name, about] = text(`person-${id}`);
  label.append(
    radio,
    Object.assign(document.createElement('strong'), { textContent: name }),
    Object.assign(document.createElement('small'), { textContent: about }),
  );
  radio.addEventListener('change', () => void become(person));
  return label;
}

/** Signs in as somebody and tells the loader. Where a chat is open, the loader reloads the page; the focus comes back to where it was. */
async function become(person) {
  try {
    await signIn(person);
    keepFocus();
    showPeople();
    at(document.activeElement === document.body ? focusKept() : '')?.focus();
    await window.contactBridge.personChanged();
  } catch (error) {
    showFailure(error);
  }
}

const keepFocus = () => sessionStorage.setItem('focus', document.activeElement?.id ?? '');
const focusKept = () => sessionStorage.getItem('focus') ?? '';

function showFailure(error) {
  at('now').textContent = text('wrong');
  at('why').textContent = error instanceof Error ? error.message : String(error);
  at('state').dataset.state = 'failed';
}

/** Nothing here tells the chat: it hears from MaiAgent, as one in another browser would. */
async function sendBroadcast() {
  try {
    await broadcastTo(signedIn(), text('broadcastMessage'));
  } catch (error) {
    showFailure(error);
  }
}

async function switchStatus() {
  try {
    const person = signedIn();
    await setDisabled(person, at('status').dataset.disabled !== 'true');
    keepFocus();
    // It is the same person still, so nothing tells the loader; the site's next page asks anew, and so does this one.
    location.reload();
  } catch (error) {
    showFailure(error);
  }
}

function signInAsAnyone(event) {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target));
  const roles = fields.roles
    .split(',')
    .map((role) => role.trim())
    .filter(Boolean);
  const { sub, name, email } = fields;
  // What is typed there is sent by this: it must not keep the page from being loaded anew.
  event.target.reset();
  void become({ sub, name: name || sub, ...(email && { email }), roles });
}

function showOutage({ canSwitch, down, knowledgeBases } = {}) {
  names = knowledgeBases ?? names;
  at('down').hidden = at('down-why').hidden = !canSwitch;
  at('down').textContent = text(down ? 'outageEnd' : 'outage');
  at('down').dataset.down = String(Boolean(down));
}

async function switchOutage() {
  try {
    showOutage(await post('/local/demo/maiagent', { down: at('down').dataset.down !== 'true' }));
  } catch (error) {
    showFailure(error);
  }
  await showRecords();
}

function showLanguages() {
  at('language').append(...Object.entries(languages).map(([value, name]) => new Option(name, value)));
  for (const option of at('language').options) option.lang = option.value;
  at('language').value = language;
  at('language').addEventListener('change', () => {
    localStorage.setItem('language', at('language').value);
    sessionStorage.setItem('focus', 'language');
    location.reload();
  });
}

function showSnippet() {
  at('snippet').textContent = `<script src="${location.origin}/contact-bridge.js"></script>
<script>
  contactBridge.start({
    api: '${location.origin}',
    token: () => sessionStorage.getItem('token'),
  });
</script>`;
  at('copy').addEventListener('click', async () => {
    await navigator.clipboard.writeText(at('snippet').textContent);
    at('copy').textContent = text('copied');
  });
}

translate();
showLanguages();
showPeople();
showSnippet();
showRequest(at('request'));
keepEvent();
at('sign-out').addEventListener('click', () => void become(people[0]));
at('sign-in').addEventListener('submit', signInAsAnyone);
at('status').addEventListener('click', () => void switchStatus());
at('broadcast').addEventListener('click', () => void sendBroadcast());
at('down').addEventListener('click', () => void switchOutage());
void read('/local/demo/state').then(showOutage);
void window.contactBridge.start({ api: location.origin, token, onState: showState });
at(focusKept())?.focus();
sessionStorage.removeItem('focus');
