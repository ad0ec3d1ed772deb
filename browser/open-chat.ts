import { obstacle } from './codes.ts';
import { attempted } from './attempted.ts';
import { isForbidden } from './content-policy.ts';
import { ofDocument, ofScripts, originOf } from './page.ts';
import { pause } from './waiting.ts';
import type { WebChat } from './identify.ts';
import type { StartOptions } from './interface.ts';

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
  readonly belongsTo: string;
  /** Opens it anew where the page has replaced the body that it stood in. */
  restore(): void;
  /** Shuts it and takes it out of sight, until `show`. */
  hide(): void;
  show(): unknown;
}

let policy: TrustedScriptUrls | undefined;

/**
 * Inserts MaiAgent's script with its configuration; to be called after `pageLoaded()`. Rejects with the code of the obstacle where it does not run.
 * The script starts itself by assigning `document.body.onload`, which never fires any more, so it is called here. A handler
 * of the page's own has run by then: it is taken away first, so that neither this call nor a script that keeps the former handler runs it twice.
 */
export async function openChat(
  contactId: string,
  { scriptUrl, ...webChat }: WebChat,
  { config, nonce }: Pick<StartOptions, 'config' | 'nonce'>,
): Promise<Chat> {
  const { webChatId, baseUrl } = webChat;
  const body = ofDocument('body');
  // As a page takes it that requires Trusted Types; nothing where it does not permit the policy.
  const url = attempted(() => {
    policy ??= window.trustedTypes?.createPolicy('contact-bridge', { createScriptURL: (own) => own });
    return policy?.createScriptURL(scriptUrl) ?? scriptUrl;
  });
  if (!(body instanceof HTMLBodyElement)) return obstacle('no_body');
  // Trusted Types may refuse it, before there is half a chat.
  if (!url) return obstacle('trusted_types');
  const script = ofDocument('createElement').call(document, 'script') as HTMLScriptElement;
  script.nonce = nonce ?? '';
  script.src = url;
  // MaiAgent does not say which wins where both the contact and the page carry permissions, so the page's never go out.
  const own = { webChatId, baseUrl, contactId, queryMetadata: undefined };
  window.maiagentChatbotConfig = { ...webChat, ...config, ...own };
  // oxlint-disable-next-line unicorn/prefer-add-event-listener
  body.onload = null;
  const isLoaded = await new Promise<unknown>((resolve) => {
    // Nobody else has a hold of it yet.
    // oxlint-disable unicorn/prefer-add-event-listener
    script.onload = resolve;
    script.onerror = () => resolve(false);
    // oxlint-enable unicorn/prefer-add-event-listener
    ofDocument('head').append(script);
  });
  if (!isLoaded) {
    script.remove();
    // The contact id must not stay behind.
    delete window.maiagentChatbotConfig;
    return obstacle((await isForbidden(scriptUrl)) ? 'csp' : 'no_script');
  }
  return chatOf(contactId, baseUrl, body.onload);
}

function chatOf(contactId: string, baseUrl: string, begin: Window['onload']): Chat {
  // Its elements are not documented: what bears its name, and frames of its address.
  const ofName = '[id*=maiagent i],[class*=maiagent i],iframe';
  const elements = `body :is(${ofName}[src^="${originOf(baseUrl)}/"])`;
  const isThere = () => ofDocument('querySelector').call(document, elements);
  // As a sheet, which no content policy forbids, and which hides what comes later as well. Older browsers have none: they close the chat.
  const sheet = attempted(() => {
    const made = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, made];
    return made;
  });
  let body: HTMLElement | undefined;
  let wasThere: Element | null | undefined;
  return {
    belongsTo: contactId,
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
      attempted(() => ofScripts('MaiAgent')?.control?.close?.());
    },
    show: () => sheet?.replaceSync(''),
  };
}

/** Lets the chat forget its conversation, as far as it can: the next person of this browser must not see it. */
export async function forgetChat(): Promise<void> {
  const { chat } = ofScripts('MaiAgent') ?? {};
  const calls = [attempted(() => chat?.clearHistory?.()), attempted(() => chat?.newConversation?.())];
  // A chat that takes longer keeps no page from being reloaded.
  await Promise.race([pause(1_000), Promise.allSettled(calls)]);
}
