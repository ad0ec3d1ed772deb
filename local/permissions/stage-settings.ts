import type { Settings } from '../../functions/env.ts';

/** What the stage's file says, as a deployment of this number. Throws `StageError` where it cannot be used, as a deployment would. */
export async function settingsOfStage(name: string, deployment = 1): Promise<Settings> {
  const [{ loadStage }, { checkStage }, { settingsOf }, { localStage }] = await Promise.all([
    import('../../infra/load-stage.ts'),
    import('../../infra/check-stage.ts'),
    import('../../infra/config.ts'),
    import('../../infra/stages/local.ts'),
  ]);
  const nowhere = '00000000-0000-4000-8000-000000000000';
  const here = { port: 3000, maiAgentBaseUrl: 'http://localhost:1', maiAgentApiPrefix: '/api/v1' } as const;
  const stage =
    name === 'local'
      ? localStage({ ...here, inboxId: nowhere, webChat: { webChatId: 'none' } })
      : await loadStage(name);
  return settingsOf(checkStage(stage), deployment);
}
