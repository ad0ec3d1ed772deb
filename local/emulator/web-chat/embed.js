// The stub of MaiAgent's embed script: what a page can see of the real one, and marks by which a test can see what the page did.
// It asks nobody but the origin that it was loaded from. Written without a build step: this is what the browser gets.
(() => {
  const origin = new URL(document.currentScript.src).origin;
  const config = () => window.maiagentChatbotConfig ?? {};
  const historyKey = () => `maiagent-history:${config().webChatId}`;
  const callsKey = 'maiagent-calls';
  // A test reads the newest of these; a page that calls in a loop must not fill the browser's storage.
  const keptMax = 100;
  const listeners = new Map();
  let panel;

  // Loading the script twice is a mistake of the page that no one sees otherwise.
  window.__maiagentEmbedLoads = (window.__maiagentEmbedLoads ?? 0) + 1;

  // Kept in the session's storage too, because a page reloads right after it has cleared the history.
  const record = (name) => {
    const calls = [...read(sessionStorage, callsKey, []), name].slice(-keptMax);
    sessionStorage.setItem(callsKey, JSON.stringify(calls));
    window.__maiagentCalls = calls;
  };

  // The history belongs to the browser and not to the contact: who does not clear it shows it to the next person.
  const history = () => read(localStorage, historyKey(), { messages: [] });
  const keep = (changes) => {
    const kept = { ...history(), ...changes };
    localStorage.setItem(historyKey(), JSON.stringify({ ...kept, messages: kept.messages.slice(-keptMax) }));
    panel?.show();
  };

  // Without a content type of JSON the browser needs no preflight. The contact's id is in the body, because an address may end in a log.
  const post = (path, fields) => {
    const body = JSON.stringify({ contactId: config().contactId ?? history().contactId, ...fields });
    return fetch(`${origin}/web-chats/${config().webChatId}/${path}`, { method: 'POST', body });
  };

  const say = async (content) => {
    const { conversationId, messages } = history();
    stopListening();
    keep({ messages: [...messages, { type: 'incoming', content }] });
    const answer = await post('messages', { conversationId, content });
    if (!answer.ok) return keep({ messages: [...history().messages, { type: 'outgoing', content: 'Not delivered.' }] });
    const said = await answer.json();
    const anonymous = config().contactId === undefined ? { contactId: said.contactId } : {};
    keep({ ...anonymous, conversationId: said.conversationId, messages: [...history().messages, said.message] });
    for (const listener of listeners.get('messageReply') ?? []) listener(said.message);
    void listen();
  };

  // Asks for what was written into the contact's conversation meanwhile, such as a broadcast. Whoever changes the history ends it first: an
  // answer that is still on its way would bring back what was cleared.
  let listening;
  const listenMs = 1000;
  const listenMaxMs = 60_000;
  const stopListening = () => (listening = undefined);
  const listen = async () => {
    const mine = (listening = {});
    for (let waitMs = listenMs; ;) {
      const answer = document.hidden ? undefined : await post('conversation').catch(() => ({ ok: false }));
      const { conversationId, messages = [] } = answer?.ok ? await answer.json() : {};
      const isNews = JSON.stringify(messages.slice(-keptMax)) !== JSON.stringify(history().messages);
      if (mine === listening && conversationId && isNews) keep({ conversationId, messages });
      waitMs = answer?.ok === false ? Math.min(waitMs * 2, listenMaxMs) : listenMs;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (mine !== listening) return;
    }
  };

  window.MaiAgent = {
    control: {
      open: () => (record('open'), panel?.setOpen(true)),
      close: () => (record('close'), panel?.setOpen(false)),
      isOpen: () => panel?.isOpen() ?? false,
    },
    chat: {
      send: (content) => (record('send'), say(content)),
      clearHistory: () => (
        record('clearHistory'),
        stopListening(),
        localStorage.removeItem(historyKey()),
        panel?.show()
      ),
      newConversation: () => (
        record('newConversation'),
        stopListening(),
        keep({ conversationId: undefined, messages: [] })
      ),
    },
    events: {
      on: (type, listener) => listeners.set(type, new Set(listeners.get(type)).add(listener)),
      off: (type, listener) => listeners.get(type)?.delete(listener),
    },
  };

  // As documented: the handler of the body is taken, so that a script that comes after the load event does nothing by itself.
  // oxlint-disable-next-line unicorn/prefer-add-event-listener
  document.body.onload = () => {
    const { webChatId, baseUrl } = config();
    if (!webChatId || !baseUrl) return console.warn('MaiAgent: maiagentChatbotConfig needs webChatId and baseUrl.');
    window.__maiagentEmbedStarts = (window.__maiagentEmbedStarts ?? 0) + 1;
    document.getElementById('maiagent-chat')?.remove();
    panel = buildPanel();
    panel.show();
    return void listen();
  };

  function read(storage, key, otherwise) {
    try {
      return JSON.parse(storage.getItem(key)) ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function buildPanel() {
    const { contactId, primaryColor = '#3854d8', buttonSize = '48', buttonRadius = '50%' } = config();
    const input = make('input', { type: 'text', placeholder: 'Write a message', maxLength: 2000 });
    input.setAttribute('aria-label', 'Write a message');
    const list = make('ol', {});
    const log = make('div', { className: 'log', role: 'log', tabIndex: 0, ariaLabel: 'Messages' }, list);
    const close = make('button', { type: 'button', className: 'close', textContent: '\u00d7' });
    close.setAttribute('aria-label', 'Close the chat');
    const who = contactId === undefined ? 'Chat open without a contact' : 'Chat open as contact ';
    const id = make('code', { textContent: contactId ?? '' });
    const head = make('header', {}, make('strong', { textContent: 'Web Chat' }), close, make('p', {}, who, id));
    const form = make('form', {}, input, make('button', { textContent: 'Send' }));
    const box = make('section', {}, head, log, form);
    box.setAttribute('aria-label', 'Web Chat');
    const launcher = make('button', { type: 'button', className: 'launcher' });
    launcher.setAttribute('aria-label', 'Open or close the chat');
    const root = make('div', { id: 'maiagent-chat', lang: 'en' }, box, launcher);
    if (contactId !== undefined) root.dataset.contactId = contactId;
    root.style.setProperty('--maiagent-color', primaryColor);
    root.style.setProperty('--maiagent-button', `${Number.parseInt(buttonSize, 10) || 48}px`);
    root.style.setProperty('--maiagent-radius', buttonRadius);

    const isOpen = () => root.dataset.open === 'true';
    const setOpen = (open) => {
      root.dataset.open = String(open);
      box.hidden = !open;
      launcher.setAttribute('aria-expanded', String(open));
    };
    const show = () => {
      const items = history().messages.map(({ type, content }) =>
        make('li', { className: type, textContent: content }),
      );
      items.unshift(make('li', { className: 'outgoing', textContent: 'Hello! How may I help?' }));
      // What stands there already stays: a log that is written again is read out again.
      const isKnown = [...list.children].every((item, index) => item.isEqualNode(items[index] ?? null));
      if (!isKnown) list.replaceChildren();
      list.append(...items.slice(list.children.length));
      log.scrollTop = log.scrollHeight;
    };
    launcher.addEventListener('click', () => setOpen(!isOpen()));
    close.addEventListener('click', () => setOpen(false));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const content = input.value.trim();
      input.value = '';
      if (content !== '') void say(content);
    });
    style();
    document.body.append(root);
    // On a narrow screen the panel would cover the page: there it waits for a touch.
    setOpen(window.innerWidth >= 720);
    return { show, setOpen, isOpen };
  }

  // A constructed sheet and not a style element: a page's content security policy need not allow inline styles for it.
  function style() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
#maiagent-chat { --paper: #fff; --ink: #1c2333; --soft: #eef1f8; --line: #dde2ee;
  position: fixed; right: 16px; bottom: 16px; z-index: 2147483000; display: flex; flex-direction: column; align-items: flex-end;
  gap: 12px; font: 15px/1.45 system-ui, sans-serif; color: var(--ink); text-align: left; pointer-events: none; }
#maiagent-chat > * { pointer-events: auto; }
#maiagent-chat * { box-sizing: border-box; margin: 0; font: inherit; }
#maiagent-chat section { display: flex; flex-direction: column; width: min(340px, calc(100vw - 32px)); height: min(440px, calc(100vh - 104px));
  overflow: hidden; background: var(--paper); border: 1px solid var(--line); border-radius: 16px; box-shadow: 0 12px 40px rgb(15 23 42 / 22%); }
#maiagent-chat section[hidden] { display: none; }
#maiagent-chat header { display: grid; grid-template-columns: 1fr auto; gap: 2px 8px; padding: 14px 16px; color: #fff; background: var(--maiagent-color); }
#maiagent-chat header strong { font-weight: 650; }
#maiagent-chat header p { grid-column: 1 / -1; font-size: 12px; opacity: .92; overflow-wrap: anywhere; }
#maiagent-chat header code { white-space: nowrap; font-family: ui-monospace, monospace; font-size: 11px; }
#maiagent-chat .log { flex: 1; overflow-y: auto; }
#maiagent-chat ol { display: flex; flex-direction: column; gap: 8px; padding: 16px; list-style: none; }
#maiagent-chat li { max-width: 85%; padding: 8px 12px; border-radius: 14px; overflow-wrap: anywhere; background: var(--soft); align-self: flex-start; }
#maiagent-chat li.incoming { align-self: flex-end; color: #fff; background: var(--maiagent-color); }
#maiagent-chat form { display: flex; gap: 8px; padding: 12px; background: none; border: solid var(--line); border-width: 1px 0 0; border-radius: 0; }
#maiagent-chat input { flex: 1; min-width: 0; padding: 8px 12px; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
#maiagent-chat button { border: 0; cursor: pointer; color: #fff; background: var(--maiagent-color); }
#maiagent-chat form button { padding: 8px 14px; border-radius: 10px; font-weight: 600; }
#maiagent-chat .close { width: 28px; height: 28px; padding: 0; font-size: 20px; line-height: 1; background: transparent; border-radius: 8px; }
#maiagent-chat .launcher { width: var(--maiagent-button); height: var(--maiagent-button); padding: 0; font-size: 22px;
  border-radius: var(--maiagent-radius); box-shadow: 0 6px 20px rgb(15 23 42 / 28%); }
#maiagent-chat .launcher::before { content: ''; display: block; width: 50%; height: 50%; margin: auto; background: #fff;
  clip-path: polygon(0 12%, 8% 0, 92% 0, 100% 12%, 100% 64%, 92% 76%, 48% 76%, 22% 100%, 22% 76%, 8% 76%, 0 64%); }
#maiagent-chat input::placeholder { color: inherit; opacity: .65; }
#maiagent-chat :focus-visible { outline: 3px solid color-mix(in srgb, var(--maiagent-color) 55%, white); outline-offset: 2px; }
@media (prefers-color-scheme: dark) {
  #maiagent-chat { --paper: #171c28; --ink: #e8ebf3; --soft: #262d3d; --line: #323a4d; }
}`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
})();
