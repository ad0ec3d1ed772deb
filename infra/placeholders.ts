import type { StageConfig } from './config.ts';

/** A value that was made to be replaced, and the line on which it stands; 0 where the file does not show it as it is. */
export interface Placeholder {
  readonly path: string;
  readonly value: string;
  readonly line: number;
}

/** The nil UUID, `replace-…`, and hosts under `.example`, which never exist (RFC 2606): none of them can be meant. */
const placeholder = /^0{8}-0{4}-0{4}-0{4}-0{12}$|^replace-|^https?:\/\/([^/:]+\.)?example([/:]|$)/;

/** Every placeholder that a stage still holds, in the order of the file. `source` is the text of the stage's file. */
export function placeholdersIn(config: StageConfig, source: string): Placeholder[] {
  const lines = source.split('\n').map((line) => line.replace(/^\s*(\/\/|\*).*/, ''));
  const seen = new Map<string, number>();
  return textsIn(config, [])
    .filter(({ value }) => placeholder.test(value))
    .map(({ path, value }) => {
      // The same value may stand on several lines: each occurrence takes the next one.
      const index = lines.findIndex((line, at) => at >= (seen.get(value) ?? 0) && line.includes(value));
      if (index !== -1) seen.set(value, index + 1);
      return { path: path.join('.'), value, line: index + 1 };
    });
}

function textsIn(value: unknown, path: readonly string[]): { path: readonly string[]; value: string }[] {
  if (typeof value === 'string') return [{ path, value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsIn(inner, [...path, key]));
}
