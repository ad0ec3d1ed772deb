import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { type KeptSchedule, keptSchema } from './definition.ts';

const fileSchema = z.object({ schedules: z.array(keptSchema) });

/** The schedules that a former run left in the file; none where there is no file. Throws where it holds anything else. */
export function readSchedules(file: string): KeptSchedule[] {
  if (!existsSync(file)) return [];
  const parsed = z.safeParse(fileSchema, parsedJson(readFileSync(file, 'utf8')));
  if (!parsed.success)
    throw new Error(`the kept schedules in ${file} cannot be read: remove the data folder, or use another one`);
  return parsed.data.schedules;
}

/** Writes the file whole or not at all, so that a process that is killed leaves the former one. */
export function writeSchedules(file: string, schedules: readonly KeptSchedule[]): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify({ schedules }));
  renameSync(`${file}.new`, file);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
