import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { StageError } from './check-stage.ts';
import type { StageConfig } from './config.ts';

const stagesFolder = fileURLToPath(new URL('stages', import.meta.url));

/** Where the file of a stage is. */
export function stageFileOf(name: string, folder = stagesFolder): string {
  return join(folder, `${name}.ts`);
}

/** What `infra/stages/<name>.ts` exports as `stage`, not yet checked. Throws `StageError` where there is none, or it is about another stage. */
export async function loadStage(name: string, folder?: string): Promise<StageConfig> {
  if (name === 'local') throw new StageError('stage local: it is for this machine alone: run npm start');
  if (!/^[a-z][a-z0-9-]*$/.test(name) || !existsSync(stageFileOf(name, folder))) {
    throw new StageError(`stage ${name}: infra/stages/${name}.ts is missing: copy infra/stages/dev.ts and fill it in`);
  }
  const { stage } = await read(name, stageFileOf(name, folder));
  if (!stage) {
    throw new StageError(
      `stage ${name}: infra/stages/${name}.ts exports no stage: write export const stage = defineStage({…})`,
    );
  }
  if (stage.stage !== name) {
    throw new StageError(
      `stage ${name}: stage is '${stage.stage}' in infra/stages/${name}.ts: it must be the file's name`,
    );
  }
  return stage;
}

/** Node reads a path as an address, so `#` and `%` in the name of a folder must be written as an address has them. */
async function read(name: string, file: string): Promise<{ readonly stage?: StageConfig }> {
  try {
    return (await import(pathToFileURL(file).href)) as { stage?: StageConfig };
  } catch (error) {
    const { code, message, stack = '' } = error as NodeJS.ErrnoException;
    const isTheirs =
      error instanceof SyntaxError || code === 'ERR_INVALID_TYPESCRIPT_SYNTAX' || stack.includes(`/${name}.ts`);
    if (!isTheirs) throw error;
    const line = new RegExp(`${name}\\.ts:(\\d+)`).exec(stack)?.[1];
    throw new StageError(
      `stage ${name}: infra/stages/${name}.ts${line ? `:${line}` : ''} cannot be read: ${message.split('\n')[0]}`,
    );
  }
}
