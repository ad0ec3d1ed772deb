import { TemplateError } from '../intrinsics.ts';

/** Whether an event fits a filter pattern (AWS, "Filter rule syntax") of texts and `{prefix}`. Throws `TemplateError` at once for any other. */
export function compilePattern(pattern: unknown, at: string): (event: unknown) => boolean {
  if (Array.isArray(pattern)) {
    const tests = pattern.map((one, i) => comparison(one, `${at}[${i}]`));
    return (value) => typeof value === 'string' && tests.some((fits) => fits(value));
  }
  if (typeof pattern !== 'object' || pattern === null) throw new TemplateError(`${at}: expected an object or a list`);
  const fields = Object.entries(pattern).map(
    ([name, inner]) => [name, compilePattern(inner, `${at}.${name}`)] as const,
  );
  return (value) => fields.every(([name, fits]) => fits((value as Record<string, unknown> | undefined)?.[name]));
}

function comparison(wanted: unknown, at: string): (value: string) => boolean {
  if (typeof wanted === 'string') return (value) => value === wanted;
  const { prefix, ...more } = (wanted ?? {}) as Record<string, unknown>;
  if (typeof prefix === 'string' && Object.keys(more).length === 0) return (value) => value.startsWith(prefix);
  throw new TemplateError(`${at}: the runner does not know ${JSON.stringify(wanted)}`);
}
