import type { Contact, Search, SearchFor } from '../../rules/maiagent/contact-search.ts';
import type { Outcome } from '../../rules/maiagent/outcome.ts';
import type { DesiredContact } from '../../rules/contacts/desired.ts';
import type { BroadcastReport, Conversation, Message } from './conversation-wire.ts';
import type { Page } from './page.ts';

/** Until when a call may go on, in ms of the monotonic clock (`Clock.elapsed`). A call that would start later is not sent. */
export type UntilMs = number;

/**
 * The nine operations of MaiAgent's Contact API (reference, identical under `/api` and `/api/v1`), and the list of a conversation's
 * messages. Nothing is retried but a call that the server refused to authenticate, once, with a fresh key. Every outcome is a value.
 */
export interface ContactApi {
  /**
   * *list*: the pages of the search for this `sourceId` in our inbox, decided upon exactly. The page that shows the contact is the last
   * one that is read, unless the search is for `all`.
   */
  search(sourceId: string, until: UntilMs, searchFor?: SearchFor): Promise<Search>;
  /** *list*: the page of all contacts of our inbox that begins at `from`, or the first one. */
  list(from: URLSearchParams | undefined, until: UntilMs): Promise<Outcome<Page<Contact>>>;
  /**
   * *create*: the id of the new contact, which the reply, or else a *retrieve* of that id, has shown to have our `sourceId` in our
   * inbox. `unknown` where neither did. Only ever after a search that found nothing, under a lease.
   */
  create(sourceId: string, contact: DesiredContact, until: UntilMs): Promise<Outcome<string>>;
  /** *retrieve* */
  retrieve(contactId: string, until: UntilMs): Promise<Outcome<Contact>>;
  /** *PATCH* with every field that the bridge owns, and with another `sourceId` where one is given. */
  update(contactId: string, contact: DesiredContact, until: UntilMs, sourceId?: string): Promise<Outcome<'updated'>>;
  /** *PUT* with every field, and so with the inbox: it takes the contact out of every other inbox. The bridge itself patches. */
  replace(contactId: string, sourceId: string, contact: DesiredContact, until: UntilMs): Promise<Outcome<'updated'>>;
  /** *delete*: refused with 400 while conversations remain. */
  remove(contactId: string, until: UntilMs): Promise<Outcome<'removed'>>;
  /** *conversations*: one page, newest first where the server sorts so. */
  conversations(contactId: string, query: ConversationQuery, until: UntilMs): Promise<Outcome<Page<Conversation>>>;
  /** *latest conversation*: a 404 without a body is "none yet". */
  latestConversation(contactId: string, until: UntilMs): Promise<Outcome<Conversation | 'none'>>;
  /**
   * One page of a conversation's messages, from the newest where the server sorts so (MaiAgent's API dump of 2025-02, "messages"; it
   * is not in today's reference of contacts, so that a 404 has to be expected).
   */
  messages(conversationId: string, from: URLSearchParams | undefined, until: UntilMs): Promise<Outcome<Page<Message>>>;
  /** *broadcast* to contacts that are named one by one, never to a whole inbox. */
  broadcast(message: string, contactIds: readonly string[], until: UntilMs): Promise<Outcome<BroadcastReport>>;
}

export interface ConversationQuery {
  readonly keyword?: string;
  /** Where the page begins; the first one where it is left out. */
  readonly from?: URLSearchParams | undefined;
  /** Also those outside our inbox: nobody says in which one MaiAgent writes a broadcast to a contact who is in several. */
  readonly inEveryInbox?: boolean;
}
