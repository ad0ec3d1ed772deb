/** The people one can be at a click. `disabled`: the back office has switched the account off before they sign in. */
export const people = [
  {},
  { sub: 'sample-member', name: 'Sample Member', email: 'member@example.com', roles: ['member'] },
  { sub: 'sample-staff', name: 'Sample Staff', email: 'staff@example.com', roles: ['staff'] },
  { sub: 'sample-disabled', name: 'Sample Disabled', roles: ['member'], disabled: true },
];

const visitor = people[0];

/** Who is signed in on this page: kept for this tab, as the token is, so that both are the same after a reload. */
export function signedIn() {
  return JSON.parse(sessionStorage.getItem('person') ?? 'null') ?? visitor;
}

/** The token of whoever is signed in, null for a visitor. This is what the page hands to the loader. */
export function token() {
  return sessionStorage.getItem('token');
}

/** Signs in as `person` at the local issuer, where the enterprise's identity provider would be; out, for a visitor. */
export async function signIn(person) {
  if (!person.sub) {
    sessionStorage.removeItem('token');
    sessionStorage.removeItem('person');
    return;
  }
  const { sub, name, email, roles } = person;
  if (person.disabled) await setDisabled(person, true);
  const { token } = await post('/local/token', { sub, claims: { name, email, roles } });
  sessionStorage.setItem('token', token);
  sessionStorage.setItem('person', JSON.stringify(person));
}

/** Switches a user's account off or on through the API, as the enterprise's back office would. */
export async function setDisabled({ sub, name, email, roles }, disabled) {
  // A document that leaves a field out says that it is empty.
  await askAsBackOffice(sub, {
    method: 'PUT',
    body: JSON.stringify({ name, email, roles, status: disabled ? 'disabled' : 'active' }),
  });
}

/** What the back office sees of a user: the link, and why the contact is as it is. Undefined for one never seen. */
export async function explained(sub) {
  const response = await askAsBackOffice(sub, {});
  return response.ok ? response.json() : undefined;
}

/** Sends a broadcast to this one person, as the back office would to many. */
export async function broadcastTo({ sub }, message) {
  const audience = { kind: 'users', userIds: [sub] };
  const body = JSON.stringify({ message, audience, schedule: { kind: 'now' } });
  const response = await asBackOffice('/v1/broadcasts', 'broadcasts.write contacts.read', {
    method: 'POST',
    headers: { 'idempotency-key': crypto.randomUUID() },
    body,
  });
  if (!response.ok) throw new Error((await response.json()).title);
}

/** The id stands in a header, because a path may end in a log. */
const askAsBackOffice = (sub, request) =>
  asBackOffice('/v1/users/-', 'contacts.read contacts.write', {
    ...request,
    headers: { 'user-id': encodeURIComponent(sub) },
  });

async function asBackOffice(path, scope, { headers, ...request }) {
  const { token } = await post('/local/token', { sub: 'sample-back-office', scope });
  const json = request.body && { 'content-type': 'application/json' };
  return fetch(path, { ...request, headers: { authorization: `Bearer ${token}`, ...json, ...headers } });
}

let key;

/** Asks a route that only this machine has, with the key that it gives to pages of its own. */
export async function ask(path, { headers, ...rest } = {}) {
  key ??= fetch('/local/key').then((response) => response.text());
  return fetch(path, { ...rest, headers: { ...headers, authorization: `Bearer ${await key}` } });
}

/** Posts JSON to this machine and answers its JSON; rejects with its message. */
export async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message ?? `The local runner answered ${response.status}.`);
  return answer;
}
