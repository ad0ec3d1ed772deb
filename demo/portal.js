import { ask, people, post, setDisabled, signedIn, signIn, token } from './people.js';
import { showContact, showLink } from './records.js';

const at = (id) => document.getElementById(id);

/** What each state of the loader says to the person in front of the page. */
const sentences = {
  asking: () => ['Asking whose contact this is…', ''],
  waiting: (code) => [
    'Waiting for MaiAgent…',
    `The bridge gives no contact yet (${code}). The chat opens by itself as soon as it does.`,
  ],
  open: () => [`Open as ${signedIn().name ?? 'a visitor'}.`, 'The chat speaks as the contact below.'],
  refused: (code) =>
    code === 'user_disabled'
      ? ['Refused: this account is disabled.', 'No contact id is handed out, so there is no chat.']
      : ['Refused.', `The bridge does not accept this sign-in (${code}).`],
  failed: (code) => ['No chat.', `The loader gave up (${code}).`],
  reloading: () => ['Changing places…', 'The former chat is emptied before the page loads anew.'],
};

function showState(state, { code, retryInMs } = {}) {
  const [now, why] = sentences[state](code);
  // Written only when it changes: a live region that is written again is read out again.
  if (at('now').textContent !== now) at('now').textContent = now;
  at('why').textContent = why + (retryInMs ? ` Next try in ${Math.max(1, Math.round(retryInMs / 1000))} s.` : '');
  at('state').dataset.state = state;
  void showRecords();
}

async function read(path) {
  const response = await ask(path);
  return response.ok ? response.json() : undefined;
}

/** Counts the readings, so that a slow one never overwrites a newer one. */
let reading = 0;

async function showRecords() {
  const mine = ++reading;
  const { sub } = signedIn();
  const opened = window.maiagentChatbotConfig?.contactId;
  const asked = sub ? `userId=${encodeURIComponent(sub)}` : opened && `contactId=${opened}`;
  const link = asked ? (await read(`/local/demo/link?${asked}`))?.link : undefined;
  const contact = link?.contactId ? await read(`/local/demo/contact?contactId=${link.contactId}`) : undefined;
  if (mine !== reading) return;
  showLink(at('link'), link);
  showContact(at('contact'), contact);
  const isDisabled = link?.accountStatus === 'disabled';
  at('status').hidden = !sub || !link;
  at('status').textContent = isDisabled ? 'Enable this account' : 'Disable this account';
  at('status').dataset.disabled = String(isDisabled);
}

function showPeople() {
  const me = signedIn();
  at('me').textContent = me.name ?? 'Visitor';
  at('sign-out').hidden = !me.sub;
  const isAnyone = !people.some(({ sub }) => sub === me.sub);
  at('people').replaceChildren(...people.map((person) => card(person, person.sub === me.sub)));
  if (isAnyone) at('anyone').open = true;
}

function card(person, pressed) {
  const button = document.createElement('button');
  button.type = 'button';
  button.id = `as-${person.sub ?? 'visitor'}`;
  button.setAttribute('aria-pressed', String(pressed));
  const label = Object.assign(document.createElement('strong'), { textContent: person.label });
  const about = Object.assign(document.createElement('small'), { textContent: person.about });
  button.append(label, about);
  button.addEventListener('click', () => void become(person));
  return button;
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
  at('now').textContent = 'That did not work.';
  at('why').textContent = error instanceof Error ? error.message : String(error);
  at('state').dataset.state = 'failed';
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
  void become({ label: name || sub, sub, name: name || sub, ...(email && { email }), roles });
}

async function showOutage() {
  const { canSwitch, down } = (await read('/local/demo/state')) ?? {};
  at('outage').hidden = !canSwitch;
  at('down').checked = Boolean(down);
}

async function switchOutage() {
  try {
    await post('/local/demo/maiagent', { down: at('down').checked });
  } catch (error) {
    showFailure(error);
  }
  await showOutage();
  await showRecords();
}

showPeople();
at('sign-out').addEventListener('click', () => void become(people[0]));
at('sign-in').addEventListener('submit', signInAsAnyone);
at('status').addEventListener('click', () => void switchStatus());
at('down').addEventListener('change', () => void switchOutage());
void showOutage();
void window.contactBridge.start({ api: location.origin, token, onState: showState });
at(focusKept())?.focus();
sessionStorage.removeItem('focus');
