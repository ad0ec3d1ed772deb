import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CloudFormationValidatePlugin } from 'aws-cdk-lib/core';
import { undelivered, unreachable } from './deliveries.ts';
import { needs } from './needs.ts';
import { grants, missing, type Resources } from './policies.ts';
import { sometimes, stateful } from './stateful.ts';

/** AWS's own engine, with the schemas of all resource providers; making it ready takes seconds, so it is made once. */
const specification = new CloudFormationValidatePlugin();

/** Every sentence about what would go wrong with these resources in an account, beside the specification. */
export function walk(resources: Resources, streamKeys: readonly string[] = []): string[] {
  const needed = needs(resources, streamKeys);
  const granted = grants(resources);
  return [
    ...missing(needed, granted, (role, right) => `${role} lacks ${right}`),
    ...missing(granted, needed, (role, right) => `${role} has ${right} and never uses it`),
    ...wildcards(granted),
    ...undelivered(resources),
    ...unreachable(resources),
    ...moved(resources),
  ];
}

/** What the specification says: names and types of properties, required ones, enumerations, patterns and lengths of names, references, and circles. */
export async function againstTheSpecification(resources: Resources): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'contact-bridge-template-'));
  try {
    const templatePath = join(folder, 'stack.template.json');
    await writeFile(templatePath, JSON.stringify({ Resources: resources }));
    const stack = {
      stackName: 'stack',
      stackConstructPath: 'stack',
      templatePath,
      accountId: '123456789012',
      region: 'eu-west-1',
    };
    const { violations } = specification.validate({
      templatePaths: [templatePath],
      stackTemplates: [stack],
      appConstruct: new App(),
    });
    return violations.map(({ ruleName, description }) => `${ruleName} ${description}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What may be a star: names that are not known before, within one prefix that holds nothing else; and services that know no resources. */
const openEnded = /(^(ec2|xray):[A-Z]\w+ |\/aws\/lambda\/| schedule\/contact-bridge-[a-z0-9-]+-broadcasts\/)\*$/;

function wildcards(granted: ReturnType<typeof grants>): string[] {
  return [...granted].flatMap(([role, rights]) =>
    [...rights]
      .filter((right) => right.replace(openEnded, '').includes('*'))
      .map((right) => `${role} has the wildcard ${right}`),
  );
}

/** CloudFormation knows a resource by its logical id: another id is another, empty resource, and the old one is left or deleted. */
function moved(resources: Resources): string[] {
  const kinds = new Set(Object.values(stateful));
  const found = Object.entries(resources).filter(([, { Type }]) => kinds.has(Type));
  return [
    ...Object.keys(stateful)
      .filter((id) => resources[id]?.Type !== stateful[id])
      .map((id) => `${id} is gone, and its data with it`),
    ...found
      .filter(([id]) => !(id in stateful || id in sometimes))
      .map(([id]) => `${id} holds data and is not recorded`),
  ];
}
