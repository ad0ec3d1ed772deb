import { expect, it } from 'vitest';
import { localStage } from '../../infra/stages/local.ts';
import { bridgeOptionsOf } from '../../local/settings.ts';

const place = {
  port: 3000,
  maiAgentBaseUrl: 'http://localhost:1',
  maiAgentApiPrefix: '/api/v1' as const,
  inboxId: '8f14e45f-ceea-467f-a0e6-3d1e5a7c0001',
  webChat: { webChatId: 'w' },
};

it('the sites of ORIGINS may call the API beside those of this machine', () => {
  const { origins } = bridgeOptionsOf({ ORIGINS: 'https://www.corp.example, http://intranet:8080' });
  expect(localStage({ ...place, ...(origins && { origins }) }).origins).toEqual([
    'http://localhost:3000',
    'http://127.0.0.1:3000',
    'https://www.corp.example',
    'http://intranet:8080',
  ]);
});

it('the web chat of another MaiAgent is the one that was given', () => {
  const given = { MAIAGENT_BASE_URL: 'https://m.example', MAIAGENT_API_KEY: 'k', MAIAGENT_INBOX_ID: 'i' };
  expect(bridgeOptionsOf({ ...given, MAIAGENT_WEB_CHAT_ID: 'mine' }).maiAgent?.webChatId).toBe('mine');
});
