import type { Settings } from '../../functions/env.ts';
import { CommandError } from '../commands/command-error.ts';

/** What the stage's file says, as a deployment of this number. Throws `CommandError` where it cannot be used, as a deployment would. */
export async function settingsOfStage(name: string, deployment = 1): Promise<Settings> {
  const [{ loadStage }, { checkStage, StageError }, { settingsOf }, { localStage }] = await Promise.all([
    import('../../infra/load-stage.ts'),
    import('../../infra/check-stage.ts'),
    import('../../infra/config.ts'),
    import('../../infra/stages/local.ts'),
  ]);
  const nowhere = '00000000-0000-4000-8000-000000000000';
  const here = { port: 3000, maiAgentBaseUrl: 'http://localhost:1', maiAgentApiPrefix: '/api/v1' } as const;
  try {
    const stage =
      name === 'local'
        ? localStage({ ...here, inboxId: nowhere, webChat: { webChatId: 'none' } })
        : await loadStage(name);
    return settingsOf(checkStage(stage), deployment);
  } catch (error) {
    if (error instanceof StageError) throw new CommandError(error.message);
    throw error;
  }
}
