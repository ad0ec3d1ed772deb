import { globSync } from 'node:fs';
import { join } from 'node:path';
import { conditionAtoms } from './condition-atoms.ts';
import type { Mutant, ReadSource } from './mutant.ts';
import { outOfDate, withoutProtection, type Protection } from './protection.ts';
import { protectionsAtTheDoor } from './protections-at-the-door.ts';
import { protectionsOfBeliefs } from './protections-of-beliefs.ts';
import { protectionsOfTheQuarantine } from './protections-of-the-quarantine.ts';
import { protectionsOfBroadcasts } from './protections-of-broadcasts.ts';
import { protectionsOfRuns } from './protections-of-runs.ts';
import { protectionsOfContacts } from './protections-of-contacts.ts';
import { protectionsOfWebhooks } from './protections-of-webhooks.ts';
import { valueMutants } from './value-mutants.ts';

/** Every file with a condition of DynamoDB. */
export const conditionFiles = [
  'functions/io/aws/link-writes.ts',
  'functions/io/aws/visitor-writes.ts',
  'functions/io/aws/contact-holder.ts',
  'functions/io/aws/intake.ts',
  'functions/io/aws/quarantine.ts',
  'functions/io/broadcasts/broadcast-writes.ts',
  'functions/io/maiagent/pause.ts',
  'functions/io/aws/evaluations.ts',
  'functions/io/aws/erasure-writes.ts',
  'functions/io/aws/erasures.ts',
  'functions/io/stores/due-reads.ts',
  'functions/io/stores/full-reads.ts',
  'functions/io/scim/scim-table.ts',
] as const;

/** Everything that is listed by hand. */
export const protections: readonly Protection[] = [
  ...protectionsOfContacts,
  ...protectionsAtTheDoor,
  ...protectionsOfWebhooks,
  ...protectionsOfBeliefs,
  ...protectionsOfTheQuarantine,
  ...protectionsOfBroadcasts,
  ...protectionsOfRuns,
];

/** Every file whose numbers, comparisons and answers are changed: all that runs in Lambda. */
const files = globSync('functions/**/*.ts', { cwd: join(import.meta.dirname, '..', '..') }).toSorted();

/** The mutants of numbers, comparisons and answers, which nobody lists. */
export const generatedMutants = (read: ReadSource): Mutant[] => files.flatMap((file) => valueMutants(file, read(file)));

/** The mutants of what races and what is protected. Throws where the list by hand no longer fits the code, with every place. */
export function listedMutants(read: ReadSource): Mutant[] {
  const flaws = outOfDate(protections, read);
  if (flaws.length > 0) throw new Error(`the list of protections is out of date:\n${flaws.join('\n')}`);
  return [
    ...conditionFiles.flatMap((file) => conditionAtoms(file, read(file))),
    ...protections.map((one) => withoutProtection(one, read)),
  ];
}
