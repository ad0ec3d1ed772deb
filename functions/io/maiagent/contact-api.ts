import {
  isContactOf,
  searchResult,
  type Contact,
  type Search,
  type SearchFor,
} from '../../rules/maiagent/contact-search.ts';
import type { Outcome } from '../../rules/maiagent/outcome.ts';
import type { DesiredContact } from '../../rules/contacts/desired.ts';
import { permissionsHash } from '../../rules/contacts/drift.ts';
import type { Clock } from '../clock.ts';
import type { HttpSend } from '../https.ts';
import type { Log } from '../log.ts';
import type { Secret } from '../aws/secrets.ts';
import { callsOf, type ApiAddress, type Call, type MakeCall, type UntilMs } from './calls.ts';
import { uuidOf } from '../../rules/uuid.ts';
import { objectOf, readContact, writeCreate, writeUpdate } from './contact-wire.ts';
import {
  readBroadcast,
  readConversation,
  readMessage,
  type BroadcastReport,
  type Conversation,
} from './conversation-wire.ts';
import { pagesOf } from '../pages.ts';
import { firstByCursor, joined, onwards, pageAt, queryAt, readPageOf, type Page } from './page.ts';

export type { UntilMs };

/**
 * The nine operations of MaiAgent's Contact API (the same under `/api` and `/api/v1`), and a conversation's messages. Nothing is retried
 * but a call that was not authenticated, once, with a fresh key. Every outcome is a value.
 */
export type ContactApi = Pick<HttpContactApi, keyof HttpContactApi>;

/** Where MaiAgent is, which inbox is ours, and how to speak to it. */
export interface MaiAgent extends ApiAddress {
  readonly inboxId: string;
  readonly clearWith: 'empty' | 'null';
}

export interface ConversationQuery {
  readonly keyword?: string;
  /** Where the page begins; the first one where it is left out. */
  readonly from?: URLSearchParams | undefined;
  /** Also those outside our inbox: nobody says in which one MaiAgent writes a broadcast to a contact who is in several. */
  readonly inEveryInbox?: boolean;
}

/** The fuzzy search for a short id hits most contacts, by their UUIDs. The caller's time runs out before so many pages, unless they are false. */
const SEARCH_PAGES_MAX = 500;
/** The broadcast sends to its recipients one by one and takes longest. */
const BROADCAST_MS_MAX = 60_000;

const removed = { statuses: [200, 202, 204], read: () => 'removed' as const, mayLackBody: true };

/**
 * A reply about another contact, or with other permissions than were sent, proves nothing. The samples show `null` or a bare text for
 * permissions, whatever was sent: that contradicts nothing.
 */
const updated = (contactId: string, sent?: DesiredContact) => ({
  ...removed,
  read: (body: unknown) => {
    const { id = contactId, queryMetadata } = readContact(body) ?? {};
    const contradicts =
      objectOf(queryMetadata) && sent && permissionsHash(queryMetadata) !== permissionsHash(sent.queryMetadata);
    return id === contactId && !contradicts ? ('updated' as const) : undefined;
  },
});

/** The Contact API over HTTP. The key goes to the configured origin and nowhere else. */
export class HttpContactApi {
  readonly #maiAgent: MaiAgent;
  readonly #call: MakeCall;

  constructor(maiAgent: MaiAgent, key: Secret, send: HttpSend, clock: Clock, log?: Log) {
    this.#maiAgent = maiAgent;
    this.#call = callsOf(maiAgent, key, send, clock, log);
  }

  /** *list*: the search for this `sourceId` in our inbox, decided exactly. It ends at the page with the contact, unless it is for `all`. */
  async search(sourceId: string, until: UntilMs, searchFor: SearchFor = 'one'): Promise<Search> {
    const { inboxId } = this;
    const pages: Page<Contact>[] = [];
    const read = (from: URLSearchParams | undefined) => this.#contacts(from, { query: sourceId }, until);
    for await (const reply of pagesOf({ read, next: onwards(), max: SEARCH_PAGES_MAX })) {
      if (reply.kind !== 'done') return { kind: 'inconclusive', failure: reply };
      pages.push(reply.value);
      const isEnough = searchFor === 'one' && reply.value.items.some((one) => isContactOf(one, sourceId, inboxId));
      if (isEnough) break;
    }
    return searchResult(joined(pages), sourceId, inboxId, searchFor);
  }

  /** *list*: the page of all contacts of our inbox that begins at `from`, or the first one. */
  list(from: URLSearchParams | undefined, until: UntilMs): Promise<Outcome<Page<Contact>>> {
    return this.#contacts(from, {}, until);
  }

  /** *create*: the new id, proven by the reply or a *retrieve* to be ours; else `unknown`. Only after a search that found nothing, under a lease. */
  async create(sourceId: string, contact: DesiredContact, until: UntilMs): Promise<Outcome<string>> {
    const isOurs = (one: Contact): boolean => isContactOf(one, sourceId, this.inboxId);
    const body = writeCreate(contact, sourceId, this.#maiAgent.inboxId);
    const expected = { statuses: [200, 201], read: readContact, mayBeDuplicate: true };
    const created = await this.#call({ operation: 'create', method: 'POST', path: '', body, until }, expected);
    if (created.kind !== 'done') return created;
    const { id } = created.value;
    if (isOurs(created.value)) return { kind: 'done', value: id };
    // The published sample answers `sourceId: null`, as another contact's reply could: only a read proves the new contact.
    const shown = await this.retrieve(id, until);
    return shown.kind === 'done' && isOurs(shown.value) ? { kind: 'done', value: id } : { kind: 'unknown' };
  }

  /** *retrieve* */
  async retrieve(contactId: string, until: UntilMs): Promise<Outcome<Contact>> {
    const read = (body: unknown): Contact | undefined => {
      const contact = readContact(body);
      return contact?.id === uuidOf(contactId) ? contact : undefined;
    };
    const call: Call = { operation: 'retrieve', method: 'GET', path: pathOf(contactId), until };
    return this.#call(call, { statuses: [200], read });
  }

  /** *PATCH* with every field that the bridge owns, and with another `sourceId` where one is given. */
  async update(contactId: string, contact: DesiredContact, until: UntilMs, sourceId?: string) {
    const body = { ...writeUpdate(contact, this.#nothing), ...(sourceId !== undefined && { sourceId }) };
    const call: Call = { operation: 'update', method: 'PATCH', path: pathOf(contactId), body, until };
    return this.#call(call, updated(contactId.toLowerCase(), contact));
  }

  /** *PATCH* of what makes a contact ours: our `sourceId`, and our inbox beside the others. */
  async claim({ id, inboxIds = [] }: Pick<Contact, 'id' | 'inboxIds'>, sourceId: string, until: UntilMs) {
    const inboxes = [...new Set([...inboxIds, this.inboxId])].map((inbox) => ({ id: inbox }));
    const call: Call = { operation: 'claim', method: 'PATCH', path: pathOf(id), body: { sourceId, inboxes }, until };
    return this.#call(call, updated(id.toLowerCase()));
  }

  /** *PUT* with every field, and so with the inbox: it takes the contact out of every other inbox. The bridge itself patches. */
  async replace(contactId: string, sourceId: string, contact: DesiredContact, until: UntilMs) {
    const inboxes = [{ id: this.#maiAgent.inboxId }];
    const body = { ...writeUpdate(contact, this.#nothing), sourceId, inboxes };
    const call: Call = { operation: 'replace', method: 'PUT', path: pathOf(contactId), body, until };
    return this.#call(call, updated(contactId.toLowerCase(), contact));
  }

  /** *delete*: refused with 400 while conversations remain. */
  async remove(contactId: string, until: UntilMs): Promise<Outcome<'removed'>> {
    return this.#call({ operation: 'remove', method: 'DELETE', path: pathOf(contactId), until }, removed);
  }

  /** *conversations*: one page, newest first where the server sorts so. */
  async conversations(
    contactId: string,
    { keyword, from = pageAt(1), inEveryInbox }: ConversationQuery,
    until: UntilMs,
  ) {
    const inbox: Record<string, string> = inEveryInbox ? {} : { inboxes: this.#maiAgent.inboxId };
    const query = queryAt(from, { ...inbox, ...(keyword !== undefined && { keyword }) });
    const path = `${pathOf(contactId)}conversations/` as const;
    const read = readPageOf(readConversation);
    const call: Call = { operation: 'conversations', method: 'GET', path, query, until };
    return this.#call(call, { statuses: [200], read });
  }

  /** *latest conversation*: a 404 without a body is "none yet". */
  async latestConversation(contactId: string, until: UntilMs): Promise<Outcome<Conversation | 'none'>> {
    const path = `${pathOf(contactId)}conversations/latest/` as const;
    const query = new URLSearchParams({ inboxes: this.#maiAgent.inboxId });
    // An unknown contact answers 404 with a body, a contact without conversations 404 without one (reference; examples).
    const expected = { statuses: [200], read: readConversation, emptyNotFound: 'none' as const };
    const call: Call = { operation: 'latest-conversation', method: 'GET', path, query, until };
    return this.#call<Conversation | 'none'>(call, expected);
  }

  /** One page of a conversation's messages (MaiAgent's API dump of 2025-02, "messages"; not in today's reference, so a 404 has to be expected). */
  messages(conversationId: string, from: URLSearchParams = firstByCursor, until: UntilMs) {
    const query = queryAt(from, { conversation: conversationId });
    const read = readPageOf(readMessage, 'by cursor');
    const call: Call = { operation: 'messages', method: 'GET', under: 'messages/', path: '', query, until };
    return this.#call(call, { statuses: [200], read });
  }

  /** *broadcast* to contacts that are named one by one, never to a whole inbox. */
  broadcast(message: string, contactIds: readonly string[], until: UntilMs): Promise<Outcome<BroadcastReport>> {
    const call: Call = {
      operation: 'broadcast',
      method: 'POST',
      path: 'broadcast-message/',
      body: { message, contactIds },
      until,
      msMax: BROADCAST_MS_MAX,
    };
    return this.#call(call, { statuses: [200], read: readBroadcast });
  }

  /** Our inbox, as replies name it. */
  get inboxId(): string {
    return this.#maiAgent.inboxId.toLowerCase();
  }

  get #nothing(): '' | null {
    return this.#maiAgent.clearWith === 'null' ? null : '';
  }

  #contacts(from: URLSearchParams = pageAt(1), filter: Readonly<Record<string, string>>, until: UntilMs) {
    const query = queryAt(from, { inboxes: this.#maiAgent.inboxId, ...filter });
    const read = readPageOf(readContact);
    const operation = 'query' in filter ? 'search' : 'list';
    return this.#call({ operation, method: 'GET', path: '', query, until }, { statuses: [200], read });
  }
}

/** Throws for anything but a contact id, because a path such as `..` would send the key to another operation. */
function pathOf(contactId: string) {
  const id = uuidOf(contactId);
  if (id === undefined) throw new Error('a contact is called upon by its UUID alone');
  return `${id}/` as const;
}
