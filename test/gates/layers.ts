import { matchesGlob } from 'node:path';
import { importsIn, type Import } from './imports.ts';

/** Some files of the project, and everything that they may import, as types or as values. */
export interface Layer {
  readonly name: string;
  readonly files: string;
  /** The files of the project. */
  readonly own: readonly string[];
  /** Packages, by name: with everything below it. `node:*` is all of Node, `*` is any package. */
  readonly packages: readonly string[];
  /** Whether an import may be computed, so that nobody can read here what it is. */
  readonly mayCompute?: true;
  /** How many times an import may go up; where nothing else is said, from the deepest room to the one beside its own. */
  readonly upsMax?: number;
}

const rules = 'functions/rules/**';
const effects = 'functions/io/**';
/** Every port of this machine has the same check, and reads what comes in the same way. */
const guard = 'local/http/{guard,body,local-http}.ts';
const stepOf = (room: string): Layer => ({
  name: `the steps of ${room}`,
  files: `functions/${room}/**`,
  own: [`functions/${room}/**`, 'functions/{env,http}.ts', rules, effects],
  packages: ['zod', 'node:crypto', 'aws-lambda'],
});

/** The layers (design §10). The first whose files fit decides; a file that is in none may not be. */
export const layers: readonly Layer[] = [
  {
    name: 'the rules',
    files: rules,
    own: [rules],
    packages: ['zod', 'node:crypto', 'node:util', 'jose', 'standardwebhooks', 'croner', 'scimmy'],
  },
  { name: 'the effects', files: effects, own: [effects, rules], packages: ['@aws-sdk', '@smithy', 'jose', 'node:*'] },
  stepOf('contacts'),
  stepOf('changes'),
  stepOf('broadcasts'),
  stepOf('scim'),
  {
    name: 'what every job stands on',
    files: 'functions/{env,http,lambda,settings}.ts',
    own: ['functions/{env,settings}.ts', 'functions/io/log.ts', rules],
    packages: ['zod', '@middy/core', 'aws-lambda', 'node:fs', 'node:path'],
  },
  {
    name: 'the jobs',
    files: 'functions/*.ts',
    own: ['functions/{env,http,lambda}.ts', 'functions/{contacts,changes,broadcasts,scim}/**', rules, effects],
    packages: ['zod', 'aws-lambda', 'node:crypto'],
  },
  {
    name: 'the stack',
    files: 'infra/**',
    own: [
      'infra/**',
      'cdk.json',
      'functions/{env,settings}.ts',
      'functions/rules/http/**',
      'functions/rules/{metrics,safe-url}.ts',
    ],
    packages: ['*'],
    mayCompute: true,
  },
  {
    name: 'the emulator',
    files: 'local/emulator/**',
    own: ['local/emulator/**', guard],
    packages: ['zod', 'node:*'],
  },
  { name: 'the user stores', files: 'test/stores/**', own: ['test/stores/**'], packages: ['node:*'] },
  {
    name: 'the runner',
    files: 'local/runner/**',
    // When a schedule fires is one rule, AWS's, for the bridge that foretells it and the runner that keeps it.
    own: ['local/runner/**', guard, 'functions/rules/schedules/{cron,local-time,rate}.ts'],
    packages: ['zod', 'jose', 'node:*'],
    mayCompute: true,
    upsMax: 3,
  },
  {
    name: 'the commands that ask the rules themselves',
    files: 'local/{permissions,status}/**',
    own: [
      'local/{commands,permissions,status}/**',
      'infra/**',
      'functions/env.ts',
      // The status reads what stands in each of the tables' rows.
      'functions/io/{aws,broadcasts,scim,stores}/**',
      'functions/io/clock.ts',
      'functions/rules/**',
    ],
    packages: ['@aws-sdk/client-dynamodb'],
  },
  {
    name: 'the commands that ask in batches',
    files: 'local/bulk/**',
    own: ['local/{bulk,commands}/**', 'functions/io/aws/**', 'functions/rules/**'],
    packages: ['csv-parse', 'zod', '@aws-sdk/client-dynamodb', 'node:*'],
  },
  {
    name: 'the command that asks MaiAgent itself',
    files: 'local/deployed/{probe,probe-command,scratch,smoke}.ts',
    own: ['local/**', 'infra/**', 'functions/rules/**', 'functions/io/{clock,https}.ts', 'functions/io/maiagent/**'],
    packages: ['node:*'],
  },
  {
    name: 'the commands that go through all that is kept',
    files: 'local/people/**',
    own: [
      'local/**',
      'infra/**',
      'functions/env.ts',
      'functions/rules/**',
      'functions/io/{clock,https}.ts',
      'functions/io/{aws,maiagent}/**',
    ],
    packages: ['@aws-sdk', 'node:*'],
  },
  {
    name: 'what runs on one machine',
    files: 'local/**',
    own: ['local/**', 'infra/**', 'functions/rules/http/**', 'functions/rules/safe-url.ts', 'package.json'],
    packages: ['*'],
  },
  { name: 'the loader', files: 'browser/**', own: ['browser/**'], packages: [] },
  {
    name: 'the package',
    files: 'packages/**',
    own: ['packages/**', 'browser/**'],
    packages: ['react', 'vue', 'esbuild', 'typescript', 'node:*'],
  },
  {
    name: 'the site of the documents',
    files: 'docs/**',
    own: ['docs/**', 'functions/rules/http/**'],
    packages: ['marked', 'minisearch', 'node:*'],
  },
  { name: 'the portal', files: 'demo/**', own: ['demo/**'], packages: [] },
  { name: 'the tests', files: 'test/**', own: ['**'], packages: ['*'], mayCompute: true, upsMax: 3 },
];

const UPS_MAX = 2;
/** A folder of these fits on a screen. */
const FOLDER_MAX = 16;
const SMALL_FOLDERS = ['functions/**', 'local/**'];

/** A source by its path from the root. */
export type Sources = ReadonlyMap<string, string>;

/** Every import that its layer forbids, every circle of imports, and every folder that is too full. */
export function faultsOf(sources: Sources): readonly string[] {
  const imports = new Map([...sources].map(([path, text]) => [path, importsIn(path, text)]));
  return [
    ...[...imports].flatMap(([path, from]) => faultsIn(path, from)),
    ...circlesIn(new Map([...imports].map(([path, from]) => [path, from.flatMap(({ file }) => file ?? [])]))),
    ...fullFolders([...sources.keys()]),
  ];
}

function faultsIn(path: string, imports: readonly Import[]): readonly string[] {
  const layer = layers.find(({ files }) => matchesGlob(path, files));
  if (!layer) return [`${path} belongs to no layer`];
  return imports.flatMap((one) => {
    const fault = faultOf(layer, one);
    return fault === undefined ? [] : [`${path} is of ${layer.name} and ${fault}`];
  });
}

function faultOf(layer: Layer, { name, file }: Import): string | undefined {
  if (name === undefined) return layer.mayCompute ? undefined : 'imports something that is computed';
  const isAllowed =
    file === undefined
      ? layer.packages.some((one) => isOfPackage(name, one))
      : layer.own.some((one) => matchesGlob(file, one));
  if (!isAllowed) return `may not import ${file ?? name}`;
  const ups = name.split('../').length - 1;
  return ups > (layer.upsMax ?? UPS_MAX) ? `imports from ${ups} folders above: ${name}` : undefined;
}

const isOfPackage = (name: string, allowed: string): boolean =>
  allowed === '*' ||
  name === allowed ||
  name.startsWith(`${allowed}/`) ||
  (allowed === 'node:*' && name.startsWith('node:'));

/** Each circle once, by the files that lead back to the first. */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) found.push(`a circle: ${[...way.slice(way.indexOf(file)), file].join(' → ')}`);
    if (way.includes(file) || done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

function fullFolders(paths: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const path of paths.filter((one) => SMALL_FOLDERS.some((folder) => matchesGlob(one, folder)))) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].flatMap(([folder, count]) =>
    count > FOLDER_MAX ? [`${folder} holds ${count} files instead of at most ${FOLDER_MAX}`] : [],
  );
}
