/**
 * Where the chat stands. `asking` the API, `waiting` to ask again, `open`; `refused` (not signed in any more, or not allowed)
 * and `failed` end without a chat; `closed` because the page shut it down, or because the person changed and the page wants no reload;
 * `reloading` because the person changed: at once, or when nobody is disturbed by it.
 */
export type ChatState = 'asking' | 'waiting' | 'open' | 'closed' | 'refused' | 'failed' | 'reloading';

/** How one attempt ended; `superseded` by a later `start`, `personChanged` or `shutdown`, whose own promise tells the rest. */
export type Outcome = 'open' | 'closed' | 'refused' | 'failed' | 'reloading' | 'superseded';

/** Why it stands there. `code` is the API's problem code or a word of the loader; neither ever carries an id or a token. */
export interface StateDetail {
  readonly code?: string;
  readonly retryInMs?: number;
}

export type StateListener = (state: ChatState, detail: StateDetail) => void;

export interface StartOptions {
  /** The address of the API, https (http for this machine alone), without a query. */
  readonly api: string;
  /**
   * The token of whoever is signed in now; nothing for a visitor. It is called before every request and again before the chat is opened.
   * It must give the same answer after a reload of the page. Where it throws, nothing is known, so nothing is opened and it is asked again.
   */
  readonly token?: () => string | null | undefined | PromiseLike<string | null | undefined>;
  /** Told at every change. */
  readonly onState?: StateListener;
  /**
   * Told when the chat was closed because somebody else is signed in now. The page decides what then; only a reload opens a chat again. Without
   * this the page is reloaded when it is next hidden or comes back, and never while a field holds something that was typed.
   */
  readonly onPersonChanged?: () => void;
  /** More keys for `maiagentChatbotConfig`. `contactId`, `webChatId` and `baseUrl` are the API's word, and `queryMetadata` is dropped. */
  readonly config?: Record<string, unknown>;
  /** For MaiAgent's script, where the loader is a module: a script tag of its own has one that is passed on. */
  readonly nonce?: string;
  /** Tells each step in the console. */
  readonly debug?: boolean;
}

/** What the page has as `window.contactBridge`. */
export interface ContactBridge {
  /** Opens the chat as whoever is signed in, as soon as the API has a contact for them. Never rejects. A second call replaces the first. */
  start(options: StartOptions): Promise<Outcome>;
  /**
   * To be called after signing in, signing out or switching accounts, once `token` gives the new answer. A chat that is open for the same person
   * stays as it is; one that is open for another is closed and emptied, and the page reloaded, unless `onPersonChanged` decides. Where none is
   * open yet, whatever was under way is dropped and the API asked afresh.
   */
  personChanged(): Promise<Outcome>;
  /** Closes the chat, and asks for nothing more; `start` shows it again. */
  shutdown(): Promise<Outcome>;
  /** Where the chat stands now; nothing before the first `start`. */
  readonly state: ChatState | undefined;
  on(event: 'state', listener: StateListener): void;
  off(event: 'state', listener: StateListener): void;
  /** One call as `['start', options]`: before the loader is there, `contactBridge` may be an array of these. */
  readonly push: (call: Call) => void;
}

export type Call = ['start', StartOptions] | ['personChanged'] | ['shutdown'] | ['on' | 'off', 'state', StateListener];

declare global {
  interface Window {
    contactBridge?: ContactBridge | Call[];
  }
}
