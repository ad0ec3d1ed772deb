import { CommandError } from './command-error.ts';

/** The attributes that `--attribute name=value` names. Throws `CommandError` for another form, and for a name that is there twice. */
export function attributesOf(texts: readonly string[], option: string): Record<string, string> {
  const pairs = texts.map((text): readonly [string, string] => {
    const at = text.indexOf('=');
    if (at < 1) throw new CommandError(`${option} takes name=value, not ${text}`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  // Every condition has to hold, so two values of one name would fit nobody.
  if (new Set(pairs.map(([name]) => name)).size < pairs.length)
    throw new CommandError(`${option} takes each name once`);
  return Object.fromEntries(pairs);
}
