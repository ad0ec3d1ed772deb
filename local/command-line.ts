import { Command, Help, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import table from './commands.json' with { type: 'json' };
import { takers } from './commands/takers.ts';

type Name = keyof typeof table.commands;
/** Carries a command out, with its arguments and then its options. */
type Run = (...given: never[]) => Promise<void> | void;

const people = () => import('./commands/people/people-commands.ts');
const kept = () => import('./people/people-commands.ts');
const readings = () => import('./commands/readings.ts');
const quarantine = () => import('./commands/quarantine/quarantine-command.ts');
const broadcasts = () => import('./commands/broadcasts/broadcast-command.ts');

/** What each command does, loaded when it is given, so that all others answer at once. */
const runs: Readonly<Record<Name, () => Promise<Run>>> = {
  status: async () => (await import('./status/status-command.ts')).runStatus,
  console: async () => (await import('./console/console-command.ts')).runConsole,
  explain: async () => (await import('./commands/explain.ts')).runExplain,
  'permissions check': async () => (await import('./permissions/check-command.ts')).runCheck,
  'permissions plan': async () => (await import('./permissions/plan-command.ts')).runPlan,
  logs: async () => (await import('./commands/logs/logs.ts')).runLogs,
  import: async () => (await import('./bulk/import-command.ts')).runImport,
  audit: async () => (await import('./bulk/audit.ts')).runAudit,
  erase: async () => (await people()).runErase,
  rotate: async () => (await people()).runRotate,
  export: async () => (await kept()).runExport,
  search: async () => (await kept()).runSearch,
  redrive: async () => (await quarantine()).runRedrive,
  refresh: async () => (await readings()).runRefresh,
  'full-read': async () => (await readings()).runFullRead,
  rehearse: async () => (await import('./rehearsal/rehearse.ts')).runRehearse,
  'quarantine list': async () => (await quarantine()).runList,
  'quarantine show': async () => (await quarantine()).runShow,
  'quarantine discard': async () => (await quarantine()).runDiscard,
  'quarantine replay': async () => (await import('./deployed/replay.ts')).runReplay,
  'broadcast preview': async () => (await broadcasts()).runPreview,
  'broadcast send': async () => (await broadcasts()).runSend,
  'broadcast list': async () => (await broadcasts()).runList,
  'broadcast show': async () => (await broadcasts()).runShow,
  'broadcast edit': async () => (await broadcasts()).runEdit,
  'broadcast pause': async () => (await broadcasts()).runPause,
  'broadcast resume': async () => (await broadcasts()).runResume,
  'broadcast cancel': async () => (await broadcasts()).runCancel,
  'broadcast report': async () => (await broadcasts()).runReport,
  doctor: async () => (await import('./deployed/doctor-command.ts')).runDoctor,
};

/** An argument or an option: what it is for, and how it is read. */
interface Given {
  readonly does: string;
  /** As it is written on the command line. */
  readonly default?: string | number;
  /** One of `takers`. */
  readonly takes?: string;
  readonly conflicts?: readonly string[];
  readonly choices?: readonly string[];
  readonly isRequired?: true;
}

/** What several commands may share. Each line of `help` is a paragraph. */
interface Part {
  /** What it needs of AWS, or of its token. */
  readonly needs?: string;
  readonly options?: Readonly<Record<string, string | Given>>;
  readonly help?: readonly string[];
  readonly examples?: readonly string[];
}
interface Words extends Part {
  readonly does: string;
  readonly arguments?: Readonly<Record<string, string | Given>>;
  /** The parts that it has as well, before its own. */
  readonly with?: readonly (keyof typeof table.parts)[];
}

/** The operator's commands, as the table says them. */
export function commandLine(): Command {
  const program = new Command('contact-bridge')
    .description('What an operator does with a running contact-bridge.')
    .version(packageJson.version, '--version', 'shows the version');
  const groups = new Map<string, Command>();
  for (const [name, words] of Object.entries(table.commands as Readonly<Record<string, Words>>)) {
    const [first = '', second] = name.split(' ');
    const group = second === undefined ? program : (groups.get(first) ?? program.command(first));
    if (second !== undefined) groups.set(first, group.description(table.groups[first as keyof typeof table.groups]));
    described(group.command(second ?? first), words).action(async (...given: unknown[]) => {
      const run = await runs[name as Name]();
      await run(...(given as never[]));
    });
  }
  return program;
}

function described(command: Command, words: Words): Command {
  const parts: readonly Part[] = [...(words.with ?? []).map((part) => table.parts[part] as Part), words];
  command.description(words.does);
  for (const [name, given] of Object.entries(words.arguments ?? {})) {
    const { does, takes = '' } = givenOf(given);
    const read = takers[takes];
    if (read) command.argument(name, does, read);
    else command.argument(name, does);
  }
  for (const { options = {} } of parts)
    for (const [flags, given] of Object.entries(options)) command.addOption(optionOf(flags, givenOf(given)));
  const [needs] = parts.flatMap((one) => one.needs ?? []);
  const paragraphs = parts.flatMap(({ help = [] }) => help);
  if (needs !== undefined) paragraphs.splice(0, 1, `${paragraphs[0] ?? ''} It needs ${needs}.`);
  const examples = parts.flatMap((part) => part.examples ?? []).map((line) => `  ${line}`);
  const help = [...paragraphs.map((text) => new Help().boxWrap(text, 120)), ['Examples:', ...examples].join('\n')];
  return command.addHelpText('after', `\n${help.join('\n\n')}`);
}

const givenOf = (given: string | Given): Given => (typeof given === 'string' ? { does: given } : given);

function optionOf(flags: string, { does, takes = '', conflicts = [], choices, isRequired, ...more }: Given): Option {
  const option = new Option(flags, does).conflicts([...conflicts]).makeOptionMandatory(isRequired === true);
  const read = takers[takes];
  if (read) option.argParser(read);
  if (choices) option.choices(choices);
  if (more.default === undefined) return option;
  return read ? option.default(read(String(more.default)), String(more.default)) : option.default(more.default);
}
