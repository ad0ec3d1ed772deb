import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Engine } from '../../local/data/dynamodb.ts';

const isJavaHere = (process.env['PATH'] ?? '')
  .split(path.delimiter)
  .some((folder) => existsSync(path.join(folder, 'java')));

/** The engines that can run here: AWS's own needs Java. */
export const engines: Exclude<Engine, URL>[] = isJavaHere ? ['embedded', 'dynamodb-local'] : ['embedded'];
