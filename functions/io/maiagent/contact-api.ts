import type { Contact, Search, SearchPages } from '../../rules/maiagent/contact-search.ts';
import { searchResult } from '../../rules/maiagent/contact-search.ts';
import { classify, type Expectation, type Outcome } from '../../rules/maiagent/outcome.ts';
import type { DesiredContact } from '../../rules/contacts/desired.ts';
import type { Clock } from '../clock.ts';
import {
  readBroadcast,
  readConversation,
  readMessage,
  type BroadcastReport,
  type Conversation,
  type Message,
} from './conversation-wire.ts';
import {
  readContact,
  readPage,
  readUncountedPage,
  uuidOf,
  withPage,
  writeCreate,
  writeUpdate,
  type Page,
} from './contact-wire.ts';
import type { HttpRequest, HttpSend } from '../https.ts';
import { firstPage, nextPage, PAGE_SIZE } from './page-query.ts';
import type { Secret } from '../aws/secrets.ts';

/** Until when a call may go on, in ms of the monotonic clock (`Clock.elapsed`). A call that would start later is not sent. */
export type UntilMs = number;

/**
 * The nine operations of MaiAgent's Contact API (reference, identical under `/api` and `/api/v1`), and the list of a conversation's
 * messages. Nothing is retried but a call that the server refused to authenticate, once, with a fresh key. Every outcome is a value.
 */
export interface ContactApi {
  /** *list*: all pages of the search for this `sourceId` in our inbox, decided upon exactly. */
  search(sourceId: string, until: UntilMs): Promise<Search>;
  /** *list*: one page of all contacts of our inbox, and the query of the next one. */
  list(query: URLSearchParams | undefined, until: UntilMs): Promise<Outcome<ContactPage>>;
  /** *create*: the id of the new contact. Only ever after a search that found nothing, under a lease. */
  create(sourceId: string, contact: DesiredContact, until: UntilMs): Promise<Outcome<string>>;
  /** *retrieve* */
  retrieve(contactId: string, until: UntilMs): Promise<Outcome<Contact>>;
  /** *PATCH* with every field that the bridge owns. */
  update(contactId: string, contact: DesiredContact, until: UntilMs): Promise<Outcome<'updated'>>;
  /** *PUT* with every field, and so with the inbox: it takes the contact out of every other inbox. The bridge itself patches. */
  replace(contactId: string, sourceId: string, contact: DesiredContact, until: UntilMs): Promise<Outcome<'updated'>>;
  /** *delete*: refused with 400 while conversations remain. */
  remove(contactId: string, until: UntilMs): Promise<Outcome<'removed'>>;
  /** *conversations*: one page, newest first where the server sorts so. */
  conversations(contactId: string, query: ConversationQuery, until: UntilMs): Promise<Outcome<ConversationPage>>;
  /** *latest conversation*: a 404 without a body is "none yet". */
  latestConversation(contactId: string, until: UntilMs): Promise<Outcome<Conversation | 'none'>>;
  /**
   * One page of a conversation's messages, from the newest where the server sorts so (MaiAgent's API dump of 2025-02, "messages"; it
   * is not in today's reference of contacts, so that a 404 has to be expected).
   */
  messages(conversationId: string, from: URLSearchParams | undefined, until: UntilMs): Promise<Outcome<MessagePage>>;
  /** *broadcast* to contacts that are named one by one, never to a whole inbox. */
  broadcast(message: string, contactIds: readonly string[], until: UntilMs): Promise<Outcome<BroadcastReport>>;
}

export interface ConversationQuery {
  readonly keyword?: string;
  readonly page?: number;
  /** Also those outside our inbox: nobody says in which one MaiAgent writes a broadcast to a contact who is in several. */
  readonly inEveryInbox?: boolean;
}
export interface ContactPage {
  readonly contacts: readonly Contact[];
  readonly unreadable: number;
  readonly next: URLSearchParams | undefined;
}
export interface ConversationPage {
  readonly conversations: readonly Conversation[];
  /** True when something in the page could not be read. */
  readonly isPartial: boolean;
  readonly count: number | undefined;
  readonly next: URLSearchParams | undefined;
}

export interface MessagePage {
  readonly messages: readonly Message[];
  /** True when something in the page could not be read. */
  readonly isPartial: boolean;
  readonly next: URLSearchParams | undefined;
}

/** Where MaiAgent is and how to speak to it. */
export interface MaiAgent {
  readonly origin: string;
  readonly prefix: '/api/v1' | '/api';
  readonly inboxId: string;
  readonly clearWith: 'empty' | 'null';
}

/** Exact matches sit on the first page; a fuzzy search for a short id may have many, and somebody waits for the answer. */
const SEARCH_PAGES_MAX = 50;
/** MaiAgent names no limit; the broadcast sends to its recipients one by one and takes longest. */
const CALL_MS_MAX = 10_000;
const BROADCAST_MS_MAX = 60_000;

/** A key that is missing or cannot stand in a header is refused here, as MaiAgent would refuse it. */
const API_KEY = /^[\x21-\x7e]{1,512}$/;

type Call = Omit<HttpRequest, 'url' | 'headers' | 'timeoutMs' | 'body'> & {
  /** Where the operation is below the prefix; the contacts, where it is left out. */
  readonly under?: 'contacts/' | 'messages/';
  /** Below that, always with its last slash: Django redirects a path without one, and a redirected POST loses its body. */
  readonly path: `${string}/` | '';
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  readonly until: UntilMs;
  readonly msMax?: number;
};

const updated = { statuses: [200, 202, 204], read: () => 'updated' as const, ignoresBody: true };
const removed = { ...updated, read: () => 'removed' as const };

/** The Contact API over HTTP. The key goes to the configured origin and nowhere else. */
export class HttpContactApi implements ContactApi {
  readonly #maiAgent: MaiAgent;
  readonly #key: Secret;
  readonly #send: HttpSend;
  readonly #clock: Clock;

  constructor(maiAgent: MaiAgent, key: Secret, send: HttpSend, clock: Clock) {
    this.#maiAgent = maiAgent;
    this.#key = key;
    this.#send = send;
    this.#clock = clock;
  }

  async search(sourceId: string, until: UntilMs): Promise<Search> {
    const { inboxId } = this.#maiAgent;
    const fixed = { inboxes: inboxId, query: sourceId };
    let pages = noPages;
    let query: URLSearchParams | undefined = firstPage(fixed);
    for (let read = 0; query && read < SEARCH_PAGES_MAX; read += 1) {
      const reply: Outcome<Page> = await this.#page(query, until);
      if (reply.kind !== 'done') return { kind: 'inconclusive', failure: reply };
      pages = withPage(pages, reply.value);
      query = reply.value.next && nextPage(reply.value.next, fixed);
    }
    return searchResult(pages, sourceId, inboxId.toLowerCase());
  }

  async list(query: URLSearchParams | undefined, until: UntilMs): Promise<Outcome<ContactPage>> {
    const fixed = { inboxes: this.#maiAgent.inboxId };
    const reply = await this.#page(query ? nextPage(query, fixed) : firstPage(fixed), until);
    if (reply.kind !== 'done') return reply;
    const { contacts, unreadable } = withPage(noPages, reply.value);
    return { kind: 'done', value: { contacts, unreadable, next: reply.value.next } };
  }

  create(sourceId: string, contact: DesiredContact, until: UntilMs): Promise<Outcome<string>> {
    const read = (reply: unknown): string | undefined => {
      const created = readContact(reply);
      // The published sample answers `sourceId: null`; another one than ours would mean that the reply is not for us.
      return created && (created.sourceId ?? sourceId) === sourceId ? created.id : undefined;
    };
    const body = writeCreate(contact, sourceId, this.#maiAgent.inboxId);
    return this.#call({ method: 'POST', path: '', body, until }, { statuses: [200, 201], read, mayBeDuplicate: true });
  }

  async retrieve(contactId: string, until: UntilMs): Promise<Outcome<Contact>> {
    return this.#call({ method: 'GET', path: pathOf(contactId), until }, { statuses: [200], read: readContact });
  }

  async update(contactId: string, contact: DesiredContact, until: UntilMs): Promise<Outcome<'updated'>> {
    return this.#call(
      { method: 'PATCH', path: pathOf(contactId), body: writeUpdate(contact, this.#nothing), until },
      updated,
    );
  }

  async replace(
    contactId: string,
    sourceId: string,
    contact: DesiredContact,
    until: UntilMs,
  ): Promise<Outcome<'updated'>> {
    const inboxes = [{ id: this.#maiAgent.inboxId }];
    const body = { ...writeUpdate(contact, this.#nothing), sourceId, inboxes };
    return this.#call({ method: 'PUT', path: pathOf(contactId), body, until }, updated);
  }

  async remove(contactId: string, until: UntilMs): Promise<Outcome<'removed'>> {
    return this.#call({ method: 'DELETE', path: pathOf(contactId), until }, removed);
  }

  async conversations(
    contactId: string,
    { keyword, page, inEveryInbox }: ConversationQuery,
    until: UntilMs,
  ): Promise<Outcome<ConversationPage>> {
    const inbox: Record<string, string> = inEveryInbox ? {} : { inboxes: this.#maiAgent.inboxId };
    const query = firstPage({ ...inbox, ...(keyword !== undefined && { keyword }) });
    query.set('page', String(page ?? 1));
    const path = `${pathOf(contactId)}conversations/` as const;
    return this.#call({ method: 'GET', path, query, until }, { statuses: [200], read: readConversationPage });
  }

  async latestConversation(contactId: string, until: UntilMs): Promise<Outcome<Conversation | 'none'>> {
    const path = `${pathOf(contactId)}conversations/latest/` as const;
    const query = new URLSearchParams({ inboxes: this.#maiAgent.inboxId });
    // An unknown contact answers 404 with a body, a contact without conversations 404 without one (reference; examples).
    const expected = { statuses: [200], read: readConversation, emptyNotFound: 'none' as const };
    return this.#call<Conversation | 'none'>({ method: 'GET', path, query, until }, expected);
  }

  messages(conversationId: string, from: URLSearchParams | undefined, until: UntilMs): Promise<Outcome<MessagePage>> {
    const fixed = { conversation: conversationId };
    const query = from ? nextPage(from, fixed) : new URLSearchParams({ ...fixed, pageSize: String(PAGE_SIZE) });
    return this.#call(
      { method: 'GET', under: 'messages/', path: '', query, until },
      { statuses: [200], read: readMessagePage },
    );
  }

  broadcast(message: string, contactIds: readonly string[], until: UntilMs): Promise<Outcome<BroadcastReport>> {
    const call: Call = {
      method: 'POST',
      path: 'broadcast-message/',
      body: { message, contactIds },
      until,
      msMax: BROADCAST_MS_MAX,
    };
    return this.#call(call, { statuses: [200], read: readBroadcast });
  }

  get #nothing(): '' | null {
    return this.#maiAgent.clearWith === 'null' ? null : '';
  }

  #page(query: URLSearchParams, until: UntilMs): Promise<Outcome<Page>> {
    return this.#call({ method: 'GET', path: '', query, until }, { statuses: [200], read: readPage });
  }

  /** A 401 did nothing, so any call may be made again with a fresh key. A key that cannot be read opens as little as a wrong one. */
  async #call<Value>(call: Call, expected: Expectation<Value>): Promise<Outcome<Value>> {
    const known = await this.#key.read().catch(() => '');
    const first = await this.#attempt(call, known, expected);
    if (first.kind !== 'refused' || first.status !== 401) return first;
    const fresh = await this.#key.readAgain(known).catch(() => known);
    return fresh === known ? first : this.#attempt(call, fresh, expected);
  }

  async #attempt<Value>(
    { method, under = 'contacts/', path, query, body, until, msMax }: Call,
    apiKey: string,
    expected: Expectation<Value>,
  ): Promise<Outcome<Value>> {
    if (!API_KEY.test(apiKey)) return { kind: 'refused', status: 401, retryAfterMs: undefined, fields: [] };
    const url = new URL(`${this.#maiAgent.prefix}/${under}${path}`, this.#maiAgent.origin);
    if (query) url.search = query.toString();
    const headers = {
      authorization: `Api-Key ${apiKey}`,
      accept: 'application/json',
      'content-type': 'application/json',
    };
    const timeoutMs = Math.min(until - this.#clock.elapsed(), msMax ?? CALL_MS_MAX);
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    return classify(await this.#send({ method, url, headers, timeoutMs, ...text }), expected);
  }
}

const noPages: SearchPages = { contacts: [], unreadable: 0, count: undefined, isComplete: false };

/** Anything but a contact's id is a mistake of ours: `..` would lead a call, with its key, to another operation. */
function pathOf(contactId: string) {
  const id = uuidOf(contactId);
  if (id === undefined) throw new Error('a contact is called upon by its UUID alone');
  return `${id}/` as const;
}

function readConversationPage(body: unknown): ConversationPage | undefined {
  const page = readPage(body);
  const conversations = page?.items.map(readConversation).filter((one) => one !== undefined);
  const isPartial = conversations !== undefined && conversations.length < (page?.items.length ?? 0);
  return page && conversations && { conversations, isPartial, count: page.count, next: page.next };
}

function readMessagePage(body: unknown): MessagePage | undefined {
  const page = readUncountedPage(body);
  const messages = page?.items.map(readMessage).filter((one) => one !== undefined);
  return page && messages && { messages, isPartial: messages.length < page.items.length, next: page.next };
}
