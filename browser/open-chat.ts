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
  }
}

/** The nonce of the loader's own script tag, so that a page whose content policy works by nonce need not name MaiAgent's host. */
const nonce = ofDocument('currentScript')?.nonce ?? '';

/** How long the chat may take to forget its conversation before the page is reloaded all the same. */
const forgetMs = 1000;

/**
 * Inserts MaiAgent's script with its configuration; to be called after `pageLoaded()`. Resolves to whether it runs.
 * The script starts itself by assigning `document.body.onload`, which never fires any more, so it is called here. A handler
 * of the page's own has run by then: it is taken away first, so that neither this call nor a script that keeps the former handler runs it twice.
 */
export function openChat(
  contactId: string,
  { scriptUrl, ...webChat }: WebChat,
  config: Record<string, unknown> | undefined,
  wanted: () => boolean,
): Promise<boolean> {
  const { webChatId, baseUrl } = webChat;
  window.maiagentChatbotConfig = { ...webChat, ...config, webChatId, baseUrl, contactId };
  // MaiAgent does not say which wins where both the contact and the page carry permissions, so the page's never go out.
  delete window.maiagentChatbotConfig['queryMetadata'];
  // oxlint-disable-next-line unicorn/prefer-add-event-listener
  document.body.onload = null;
  return new Promise((resolve) => {
    const fail = () => {
      delete window.maiagentChatbotConfig;
      resolve(false);
    };
    const script = ofDocument('createElement').call(document, 'script') as HTMLScriptElement;
    script.nonce = nonce;
    script.addEventListener('load', () => {
      try {
        if (wanted()) document.body.onload?.(new Event('load'));
      } finally {
        // A chat that fails to start is reported as the script's own error; the contact is given away all the same.
        resolve(true);
      }
    });
    script.addEventListener('error', () => {
      script.remove();
      fail();
    });
    try {
      script.src = scriptUrl;
      ofDocument('head').append(script);
    } catch {
      // A content policy may forbid the address outright; the contact id must not stay behind.
      fail();
    }
  });
}

/** Empties and closes the chat as far as it lets itself, and reloads the page: there is no other way to change the contact. */
export async function leaveChat(): Promise<void> {
  const { chat, control } = ofScripts('MaiAgent') ?? {};
  // Each in a function of its own: one that throws must not keep the others from being called.
  const calls = [() => chat?.clearHistory?.(), () => chat?.newConversation?.(), () => control?.close?.()];
  await within(forgetMs, Promise.allSettled(calls.map(async (call) => call()))).catch(() => 0);
  location.reload();
}
