import { defineStage } from '../config.ts';

/**
 * The stage `dev`, a template to fill in: `npm run deploy -- --stage dev` tells which lines still hold a placeholder.
 * For production copy this file to `prod.ts`, change `stage`, and deploy with `--stage prod`: its table is then protected
 * from deletion.
 */
export const stage = defineStage({
  stage: 'dev',
  maiAgent: {
    // The inbox in which the contacts live, from the MaiAgent console.
    inboxId: '00000000-0000-0000-0000-000000000000',
  },
  tokens: {
    // Your OIDC provider: the "iss" of its tokens, letter for letter, and their "aud" (or client id).
    issuer: 'https://login.corp.example/',
    audience: ['replace-with-the-audience'],
    // Where services have tokens of this issuer too: the scope of people's access tokens. See backOfficeClients as well (docs/api.md).
    // userScope: 'chat',
  },
  // Every site that embeds the chat: scheme, host and port.
  origins: ['https://portal.corp.example'],
  webChat: {
    // From the embed dialog of the MaiAgent console.
    webChatId: 'replace-with-the-web-chat-id',
  },
  permissions: {
    // What someone may query whom no rule fits. It must name something: MaiAgent may read an empty answer as "everything".
    none: { knowledgeBases: [{ id: '00000000-0000-0000-0000-000000000000', files: 'all', faqs: 'all' }] },
    // The first rule that fits decides, such as:
    // { when: { role: 'staff' }, grant: { knowledgeBases: [{ id: '...', files: 'all', faqs: 'all' }] } },
    rules: [],
  },
  // The user stores that send changes, strongest first (docs/webhooks/README.md), such as:
  // { kind: 'generic', name: 'portal' }, { kind: 'table', name: 'users', streamArn: 'arn:aws:dynamodb:...' },
  sources: [],
});
