import { Obstacle } from './codes.ts';
import { attempted } from './attempted.ts';
import { isForbidden } from './content-policy.ts';
import { ofDocument, ofScripts } from './page.ts';
import { within } from './waiting.ts';
import type { WebChat } from './identify.ts';

/** The globals of MaiAgent's script (MaiAgent, "Web Chat SDK"). */
declare global {
  interface Window {
    maiagentChatbotConfig?: Record<string, unknown> | undefined;
    MaiAgent?: {
      control?: { close?(): unknown };
      chat?: { clearHistory?(): unknown; newConversation?(): unknown };
    };
    /** Trusted Types (W3C), which not every browser has. */
    trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(url: string): string }): TrustedScriptUrls };
  }
}

interface TrustedScriptUrls {
  createScriptURL(url: string): string;
}

/** A chat whose script is in the page, for one contact: nothing but a reload of the page gives it another one. */
export interface Chat {
  readonly contactId: string;
  /** Opens it anew where the page has replaced the body that it stood in. */
  restore(): void;
  /** Shuts it and takes it out of sight, until `show`. */
  hide(): void;
  show(): unknown;
}

/** The nonce of the loader's own script tag, so that a page whose content policy works by nonce need not name MaiAgent's host. */
const nonce = ofDocument('currentScript')?.nonce ?? '';

/** How long the chat may take to forget its conversation before the page is reloaded all the same. */
const forgetMs = 1000;

let policy: TrustedScriptUrls | undefined;

/** The address as a page takes it that requires Trusted Types. */
function trusted(url: string): string {
  try {
    policy ??= window.trustedTypes?.createPolicy('contact-bridge', { createScriptURL: (own) => own });
  } catch {
    throw new Obstacle('trusted_types');
  }
  return policy?.createScriptURL(url) ?? url;
}

/**
 * Inserts MaiAgent's script with its configuration; to be called after `pageLoaded()`. Rejects with an `Obstacle` where it does not run.
 * The script starts itself by assigning `document.body.onload`, which never fires any more, so it is called here. A handler
 * of the page's own has run by then: it is taken away first, so that neither this call nor a script that keeps the former handler runs it twice.
 */
export async function openChat(
  contactId: string,
  { scriptUrl, ...webChat }: WebChat,
  config: Record<string, unknown> | undefined,
  wanted: () => boolean,
): Promise<Chat> {
  const { webChatId, baseUrl } = webChat;
  const body = ofDocument('body');
  if (!(body instanceof HTMLBodyElement)) throw new Obstacle('no_body');
  const script = ofDocument('createElement').call(document, 'script') as HTMLScriptElement;
  script.nonce = nonce;
  // Trusted Types may refuse it; what happens then is no longer the page's own fault with a chat half there.
  script.src = trusted(scriptUrl);
  window.maiagentChatbotConfig = { ...webChat, ...config, webChatId, baseUrl, contactId };
  // MaiAgent does not say which wins where both the contact and the page carry permissions, so the page's never go out.
  delete window.maiagentChatbotConfig['queryMetadata'];
  // oxlint-disable-next-line unicorn/prefer-add-event-listener
  body.onload = null;
  const isLoaded = await new Promise<boolean>((resolve) => {
    script.addEventListener('load', () => resolve(true));
    script.addEventListener('error', () => resolve(false));
    ofDocument('head').append(script);
  });
  if (!isLoaded) {
    script.remove();
    // The contact id must not stay behind.
    delete window.maiagentChatbotConfig;
    throw new Obstacle((await isForbidden(scriptUrl)) ? 'csp' : 'no_script');
  }
  const chat = chatOf(contactId, baseUrl, body.onload);
  // A chat that fails to start is reported as the script's own error; the contact is given away all the same.
  if (wanted()) chat.restore();
  return chat;
}

function chatOf(contactId: string, baseUrl: string, begin: Window['onload']): Chat {
  // Its elements are not documented: what bears its name, and frames of its address.
  const ofName = '[id*=maiagent i],[class*=maiagent i],iframe';
  const elements = `body :is(${ofName}[src^="${new URL(baseUrl).origin}/"])`;
  const isThere = () => ofDocument('querySelector').call(document, elements) !== null;
  // As a sheet, which no content policy forbids, and which hides what comes later as well. Older browsers have none: they close the chat.
  const sheet = attempted(() => new CSSStyleSheet());
  if (sheet) attempted(() => (document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]));
  let body: HTMLElement | undefined;
  let wasThere = false;
  return {
    contactId,
    restore() {
      if (body && (isThere() || (!wasThere && body === ofDocument('body')))) return;
      body = ofDocument('body');
      // In a task of its own: its error is its own.
      setTimeout(() => {
        begin?.call(window, new Event('load'));
        wasThere = isThere();
      });
    },
    hide() {
      sheet?.replaceSync(`${elements}{display:none!important}`);
      void run(() => ofScripts('MaiAgent')?.control?.close?.());
    },
    show: () => sheet?.replaceSync(''),
  };
}

/** A function that throws must not keep the others from being called. */
const run = async (call: () => unknown): Promise<unknown> => call();

/** Lets the chat forget its conversation, as far as it can: the next person of this browser must not see it. */
export async function forgetChat(): Promise<void> {
  const { chat } = ofScripts('MaiAgent') ?? {};
  const calls = [() => chat?.clearHistory?.(), () => chat?.newConversation?.()];
  await within(forgetMs, Promise.allSettled(calls.map(run))).catch(() => 0);
}
