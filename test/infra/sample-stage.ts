import { checkStage, StageError } from '../../infra/check-stage.ts';
import type { StageConfig } from '../../infra/config.ts';

/** A whole stage of samples, in which a test may replace any part. */
export function sampleStage(changes: Partial<StageConfig> = {}): StageConfig {
  return {
    stage: 'dev',
    maiAgent: { inboxId: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01' },
    tokens: { issuer: 'https://login.sample.test/', audience: ['sample-audience'] },
    origins: ['https://portal.sample.test', 'http://localhost:8080'],
    webChat: { webChatId: 'sample-web-chat' },
    permissions: {
      none: { knowledgeBases: [{ id: 'c0a80101-0000-4000-8000-000000000001', files: 'all', faqs: 'all' }] },
      rules: [],
    },
    ...changes,
  };
}

/** What a person reads who has made this mistake. */
export function mistakesOf(config: unknown): string {
  try {
    checkStage(config);
  } catch (error) {
    if (error instanceof StageError) return error.message;
    throw error;
  }
  return 'no mistake';
}
