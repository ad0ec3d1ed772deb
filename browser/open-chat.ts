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
const nonce = document.currentScript?.nonce ?? '';

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
  const script = document.createElement('script');
  script.src = scriptUrl;
  script.nonce = nonce;
  return new Promise((resolve) => {
    script.addEventListener('load', () => {
      if (wanted()) document.body.onload?.(new Event('load'));
      resolve(true);
    });
    script.addEventListener('error', () => {
      script.remove();
      delete window.maiagentChatbotConfig;
      resolve(false);
    });
    document.head.append(script);
  });
}

/** Empties and closes the chat as far as it lets itself, and reloads the page: there is no other way to change the contact. */
export async function leaveChat(): Promise<void> {
  const { chat, control } = window.MaiAgent ?? {};
  // Each in a function of its own: one that throws must not keep the others from being called.
  const calls = [() => chat?.clearHistory?.(), () => chat?.newConversation?.(), () => control?.close?.()];
  await within(forgetMs, Promise.allSettled(calls.map(async (call) => call()))).catch(() => 0);
  location.reload();
}
