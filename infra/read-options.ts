import { argv } from 'node:process';
import { parseArgs, type ParseArgsConfig } from 'node:util';

type Wanted = NonNullable<ParseArgsConfig['options']>;
type Read<Options extends Wanted> = ReturnType<typeof parseArgs<{ options: Options & { help: { type: 'boolean' } } }>>;

/**
 * The options of a command, which also takes `--help`. `undefined` after the help, and after a message with status 2 for an option
 * that there is not: then there is nothing to do.
 */
export function readOptions<Options extends Wanted>(
  options: Options,
  help: string,
): Read<Options>['values'] | undefined {
  try {
    const { values } = parseArgs({ args: argv.slice(2), options: { ...options, help: { type: 'boolean' as const } } });
    if (!(values as { help?: boolean }).help) return values;
    console.log(help);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`);
    process.exitCode = 2;
  }
  return undefined;
}
