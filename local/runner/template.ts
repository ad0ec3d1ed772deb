import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { noValue, resolve, type Scope, TemplateError } from './intrinsics.ts';
import { identify, type Identity } from './identities.ts';
import types from './resource-types.json' with { type: 'json' };

const resourceSchema = z.looseObject({
  Type: z.string(),
  Properties: z.optional(z.record(z.string(), z.unknown())),
  Condition: z.optional(z.never()),
});

const templateSchema = z.looseObject({
  Resources: z.record(z.string(), resourceSchema),
  Parameters: z.optional(z.record(z.string(), z.looseObject({ Default: z.optional(z.unknown()) }))),
  Mappings: z.optional(z.never()),
});

const assetsSchema = z.looseObject({
  files: z.record(
    z.string(),
    z.looseObject({
      source: z.looseObject({ path: z.string(), packaging: z.string() }),
      destinations: z.record(z.string(), z.looseObject({ objectKey: z.string() })),
    }),
  ),
});

/** One resource that exists on this machine, its properties resolved. */
export interface Resource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly identity: Identity;
}

/** A synthesised stack, read and resolved. */
export type Stack = ReturnType<typeof readStack>;

/** Reads a stack; `apiUrl` is where its HTTP API answers here. Throws `TemplateError` for anything that the runner does not know. */
export function readStack(assemblyDir: string, stackName: string, apiUrl: string) {
  const template = read(path.join(assemblyDir, `${stackName}.template.json`), templateSchema);
  const assets = read(path.join(assemblyDir, `${stackName}.assets.json`), assetsSchema);
  const identities = new Map<string, Identity>();
  const scope = scopeOf(template, stackName, identities);
  const present = Object.entries(template.Resources);
  for (const [id, { Type, Properties }] of present) {
    isInert(Type, id);
    identities.set(id, identify(Type, id, Properties ?? {}, stackName, apiUrl));
  }
  const resources = present.flatMap(([logicalId, { Type, Properties = {} }]): Resource[] => {
    const identity = identities.get(logicalId);
    if (isInert(Type, logicalId) || !identity) return [];
    const properties = resolve(Properties, scope, logicalId) as Record<string, unknown>;
    return [{ logicalId, type: Type, properties, identity }];
  });
  return {
    /** What runs; inert resources are left out. */
    resources,
    ofType: (wanted: string) => resources.filter(({ type }) => type === wanted),
    /** The folder of a zipped file asset, by the key that it would have in the asset bucket. */
    assetDir: assetDirs(assemblyDir, assets),
  };
}

function read<Schema extends z.ZodMiniType>(file: string, schema: Schema): z.infer<Schema> {
  const parsed = z.safeParse(schema, JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new TemplateError(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function scopeOf(
  template: z.infer<typeof templateSchema>,
  stackName: string,
  identities: Map<string, Identity>,
): Scope {
  const pseudo: Record<string, unknown> = {
    'AWS::AccountId': '000000000000',
    'AWS::NoValue': noValue,
    'AWS::Partition': 'aws',
    'AWS::Region': 'us-east-1',
    'AWS::StackId': `arn:aws:cloudformation:us-east-1:000000000000:stack/${stackName}/local`,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  return {
    ref: (name) => pseudo[name] ?? identities.get(name)?.ref ?? template.Parameters?.[name]?.Default,
    getAtt: (logicalId, attribute) => identities.get(logicalId)?.attribute(attribute),
  };
}

function assetDirs(assemblyDir: string, assets: z.infer<typeof assetsSchema>): (objectKey: string) => string {
  const files = Object.values(assets.files);
  return (objectKey) => {
    const file = files.find(({ destinations }) => Object.values(destinations).some((to) => to.objectKey === objectKey));
    if (file?.source.packaging !== 'zip')
      throw new TemplateError(`${objectKey}: no folder of the assembly has this key`);
    return path.resolve(assemblyDir, file.source.path);
  };
}

/** What runs (each type's properties stand where they are read), and what changes nothing here: permissions, observation, and what only AWS itself reads. */
const runs: ReadonlySet<string> = new Set(types.runs);
const inertTypes: ReadonlySet<string> = new Set(Object.keys(types.inert));

/** Whether the runner does nothing with a type and knows that. Throws `TemplateError` for a type that it has never heard of. */
function isInert(type: string, logicalId: string): boolean {
  if (inertTypes.has(type)) return true;
  if (runs.has(type)) return false;
  throw new TemplateError(
    `${logicalId}: the runner does not know the resource type ${type}, so it cannot run this stack`,
  );
}
