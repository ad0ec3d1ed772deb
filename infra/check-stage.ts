import * as z from 'zod';
import adviceJson from './stage-advice.json' with { type: 'json' };
import { placedStageSchema, stageSchema, type Stage } from './config.ts';

/** A stage that cannot be used. Its message is for the person who wrote the file: one line for each mistake. */
export class StageError extends Error {
  override readonly name = 'StageError';
}

/** What a person must do, by the path of the field; the longest path that fits is told. */
const advice: Readonly<Record<string, string>> = adviceJson;

/** The configuration with its defaults, or a `StageError` that names path, problem and what to do, for every mistake at once. */
export const checkStage = (config: unknown): Stage => checked(stageSchema, config);

/** The same of a stage that is taken down: nobody has to put right what goes. */
export const checkPlace = (config: unknown): z.output<typeof placedStageSchema> => checked(placedStageSchema, config);

function checked<Schema extends z.ZodType>(schema: Schema, config: unknown): z.output<Schema> {
  const result = schema.safeParse(config);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => lineOf(issue, config));
  throw new StageError(lines.join('\n'));
}

function lineOf(issue: z.core.$ZodIssue, config: unknown): string {
  const path = issue.path.map(String);
  const field = path.length === 0 ? 'the stage' : path.join('.');
  const what = adviceFor(path);
  return `stage ${stageNameIn(config)}: ${field} ${problemOf(issue, config)}${what ? `: ${what}` : ''}`;
}

function problemOf(issue: z.core.$ZodIssue, config: unknown): string {
  if (issue.code === 'invalid_union' && issue.path.at(-1) === 'when')
    return conditionProblem(valueAt(config, issue.path));
  if (issue.code === 'unrecognized_keys') return `has no field ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  if (valueAt(config, issue.path) === undefined) return 'is required';
  return /^(must|is) /.test(issue.message) ? issue.message : `is not right (${issue.message})`;
}

const conditionWords = ['role', 'group', 'attribute', 'equals', 'all', 'any'];

/** A condition has one of several forms, so that zod can only say that it has none of them. */
function conditionProblem(value: unknown): string {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const unknown = keys.filter((key) => !conditionWords.includes(key)).map((key) => `"${key}"`);
  const forms = "{ role: '…' }, { group: '…' }, { attribute: '…', equals: '…' }, { all: [...] } or { any: [...] }";
  return `${unknown.length > 0 ? `has no field ${unknown.join(', ')}: it` : 'is no condition: it'} must be ${forms}`;
}

/** The place in a list says nothing about what belongs there. */
function adviceFor(path: readonly string[]): string | undefined {
  const names = path.filter((part) => !/^\d+$/.test(part));
  for (let length = names.length; length > 0; length--) {
    const known = advice[names.slice(0, length).join('.')];
    if (known) return known;
  }
  return undefined;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function stageNameIn(config: unknown): string {
  const name = valueAt(config ?? {}, ['stage']);
  return typeof name === 'string' && name !== '' ? name : '(without a name)';
}
