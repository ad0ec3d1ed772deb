import type { ContactFields, ContactRow } from '../state/rows.ts';
import type { World } from '../state/world.ts';
import { readContactFields, type FieldErrors } from './contact-fields.ts';
import { notFound, type ApiRequest, type Reply } from '../exchange.ts';
import { cased, contactOut } from '../wire.ts';

const required = ['This field is required.'];
const anonymous = '匿名';

/** `POST contacts/`: 201 with the contact, 400 for what is missing or wrong, or a refusal where the sourceId is taken. */
export function createContact(world: World, { body, call }: ApiRequest): Reply | Promise<Reply> {
  const named = world.switches.nameDefault === anonymous && isNameless(body) ? { ...body, name: anonymous } : body;
  const { fields, errors } = readContactFields(named, world.store.inboxes);
  if (named['name'] === undefined) errors['name'] = required;
  if (named['inboxes'] === undefined) world.calls.blame(call, 'inboxes-missing');
  if (named['inboxes'] === undefined && named['inbox'] === undefined) errors['inboxes'] = required;
  if (Object.keys(errors).length > 0) return badRequest(world, errors);
  return unlessTaken(world, fields, undefined, () => {
    const contact = world.store.addContact(fields);
    return { status: 201, body: echo(world, contact) };
  });
}

/** `PATCH contacts/{id}/`: what is left out stays as it is. */
export function patchContact(world: World, request: ApiRequest): Reply | Promise<Reply> {
  return update(world, request, {});
}

/** `PUT contacts/{id}/`: what is left out stays, or is emptied where `putSemantics` says `replace`. Name and inboxes always stay. */
export function putContact(world: World, request: ApiRequest): Reply | Promise<Reply> {
  const emptied = { avatar: '', phoneNumber: null, email: null, sourceId: null, queryMetadata: null, metadata: [] };
  return update(world, request, world.switches.putSemantics === 'replace' ? emptied : {});
}

/** `DELETE contacts/{id}/`: 204 and a row that no one sees again, or 400 while a conversation is left. */
export function deleteContact(world: World, { id }: ApiRequest): Reply {
  const contact = world.store.contact(id);
  if (contact === undefined) return notFound;
  if (world.store.conversationsOf(id).length > 0) {
    return { status: 400, body: { detail: 'This contact still has conversations.' } };
  }
  world.store.remove(contact);
  return { status: 204 };
}

function update(world: World, { id, body }: ApiRequest, unset: Partial<ContactFields>): Reply | Promise<Reply> {
  const contact = world.store.contact(id);
  if (contact === undefined) return notFound;
  const { fields, errors } = readContactFields(body, world.store.inboxes);
  if (Object.keys(errors).length > 0) return badRequest(world, errors);
  const changes = { ...unset, ...fields };
  return unlessTaken(world, changes, contact, () => {
    if (contact.deletedAt !== null) return notFound;
    world.store.change(contact, changes);
    return updated(world, contact);
  });
}

function updated(world: World, contact: ContactRow): Reply {
  const { updateReply } = world.switches;
  if (updateReply === 'empty') return { status: 200 };
  const confirmation = { detail: 'The contact was updated.' };
  return { status: 200, body: updateReply === 'full' ? contactOut(world, contact) : confirmation };
}

/** Writes unless a contact in a shared inbox has the sourceId; `racy` leaves a gap between look and write, `atomic` none. */
async function unlessTaken(
  world: World,
  changes: Partial<ContactFields>,
  self: ContactRow | undefined,
  write: () => Reply,
): Promise<Reply> {
  const sourceId = changes.sourceId === undefined ? (self?.sourceId ?? null) : changes.sourceId;
  const inboxes = changes.inboxes ?? self?.inboxes ?? [];
  const isNew = sourceId !== self?.sourceId || changes.inboxes !== undefined;
  if (sourceId === null || !isNew || world.switches.uniqueness === 'none') return write();
  if (isTaken(world, sourceId, inboxes, self)) return duplicate(world);
  if (world.switches.uniqueness === 'racy') await world.timers.wait(world.switches.racyWaitMs);
  return write();
}

function isTaken({ store, switches }: World, sourceId: string, inboxes: string[], self?: ContactRow): boolean {
  const rows = switches.reuseSourceIdAfterDelete ? store.liveContacts : store.contacts;
  return rows.some(
    (row) => row !== self && row.sourceId === sourceId && row.inboxes.some((inbox) => inboxes.includes(inbox)),
  );
}

// No document says what a refused duplicate looks like, so the three forms of Django's refusals take turns.
function duplicate(world: World): Reply {
  const text = 'A contact with this source id already exists in the inbox.';
  const bodies = [{ sourceId: [text] }, { nonFieldErrors: [text] }, { detail: text }];
  const body = bodies[world.duplicatesRefused % bodies.length] ?? {};
  world.duplicatesRefused += 1;
  return { status: world.switches.dupStatus, body: cased(world.switches.responseCase, body) };
}

function badRequest(world: World, errors: FieldErrors): Reply {
  return { status: 400, body: cased(world.switches.responseCase, errors) };
}

function echo(world: World, contact: ContactRow): unknown {
  const full = contactOut(world, contact);
  if (world.switches.echo === 'full') return full;
  if (world.switches.echo === 'id') return { id: contact.id };
  const absent = new Set(['metadata', 'mcpCredentials', 'mcp_credentials']);
  const nulled = new Set(['sourceId', 'source_id', 'queryMetadata', 'query_metadata']);
  const kept = Object.entries(full).filter(([key]) => !absent.has(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, nulled.has(key) ? null : value]));
}

function isNameless(body: Record<string, unknown>): boolean {
  const { name } = body;
  return name === undefined || name === null || (typeof name === 'string' && name.trim() === '');
}
