import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StageConfig } from '../../infra/config.ts';
import { synthesize, type Assembly } from '../../infra/synth.ts';

/** What these tests read of a resource in a template. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: string[];
}

export interface Synthesized {
  readonly assembly: Assembly;
  readonly resources: Record<string, Resource>;
  readonly outputs: Record<string, { Description: string; Value: unknown }>;
}

/** The template of a stage; its files are gone afterwards. */
export async function synthesized(config: StageConfig, validate = false, isFirst = false): Promise<Synthesized> {
  const outdir = await mkdtemp(join(tmpdir(), 'contact-bridge-synth-'));
  try {
    const assembly = await synthesize(config, { outdir, validate, isFirst, deployment: 1 });
    const template = JSON.parse(await readFile(join(outdir, `${assembly.stackName}.template.json`), 'utf8'));
    return { assembly, resources: template.Resources, outputs: template.Outputs };
  } finally {
    await rm(outdir, { recursive: true });
  }
}

/** All resources of one type. */
export function ofType({ resources }: Synthesized, type: string): Resource[] {
  return Object.values(resources).filter((one) => one.Type === type);
}

/**
 * A template's value as a person would write it: references become the names of what they point at, without CDK's hashes,
 * and joins become one text.
 */
export function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, unknown>;
  if (typeof Ref === 'string') return nameOf(Ref);
  if (Array.isArray(attribute)) return `${nameOf(attribute[0])}.${attribute[1]}`;
  if (Array.isArray(join)) return (readable(join[1]) as string[]).join(join[0]);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]));
}

function nameOf(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}

/** The statements of the role of one construct, as a person would write them. */
export function statementsOf(stack: Synthesized, construct: string): unknown {
  const policies = ofType(stack, 'AWS::IAM::Policy').map(({ Properties }) => readable(Properties));
  const own = policies.filter((policy) => (policy as { Roles: string[] }).Roles.includes(construct));
  return own.flatMap((policy) => (policy as { PolicyDocument: { Statement: unknown[] } }).PolicyDocument.Statement);
}

/** The properties of a job's function in the stage `dev`. */
export function functionOf(stack: Synthesized, job: string): Record<string, unknown> {
  const named = ofType(stack, 'AWS::Lambda::Function').map(({ Properties }) => Properties);
  return named.find((one) => one['FunctionName'] === `contact-bridge-dev-${job}`)!;
}
