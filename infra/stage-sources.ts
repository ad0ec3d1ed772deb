import * as z from 'zod';
import { testsNobodyTells, type Settings } from '../functions/env.ts';
import { settingsSchema } from '../functions/settings.ts';

const settings = settingsSchema.shape;

/**
 * Where in the list of sources the back end (`PUT`, `DELETE`) and the token are believed. Left out, they come after every source, the back
 * end first. Whatever stands above another one decides every field that both tell: with the token first, a right that a store takes away
 * comes back with the next sign-in, for as long as the issuer puts it into tokens; with the back end first, a store is heard only for
 * users of whom no `PUT` ever told. A disable or a deletion counts from whichever source it comes.
 */
const ranks = [
  z.strictObject({
    kind: z.literal('api'),
    /** The attributes that the back end sends and rules test. It may send others, which are shown and never tested. */
    attributes: z
      .array(z.string().refine((name) => name.length >= 1 && name.length <= 256, 'must be 1 to 256 characters long'))
      .refine((all) => all.length <= 100, 'are too many')
      .default([]),
  }),
  z.strictObject({ kind: z.literal('token') }),
] as const;

type StageSource = Settings['sources'][number] | z.output<(typeof ranks)[number]>;

const nameOf = (source: StageSource): string => ('name' in source ? source.name : source.kind);

/** The sources of a stage, strongest first. Refined, because zod's own lengths are also compared in what is no list (see rules/length.ts). */
export const stageSources = z
  .array(z.discriminatedUnion('kind', [...settings.sources.def.element.def.options, ...ranks]))
  .refine((all) => all.length <= 22, 'are too many')
  .refine((all) => new Set(all.map(nameOf)).size === all.length, 'must have names of their own, each once');

/** The declared sources, and the order of all where the stage says where the back end or the token stands. */
export function withOrder(all: readonly StageSource[]): Pick<Settings, 'sources' | 'order'> {
  const sources = all.filter((source) => 'name' in source);
  if (sources.length === all.length) return { sources };
  const names = all.map(nameOf);
  return { sources, order: [...names, ...['api', 'token'].filter((name) => !names.includes(name))] };
}

/** The tests, each with its rule's place, over what nobody tells: such a rule never holds, and a wider one below it does. */
export function untoldTests(
  stage: Omit<Parameters<typeof testsNobodyTells>[0], 'sources'> & { sources: StageSource[] },
) {
  const backEnd = stage.sources.find((source) => source.kind === 'api');
  const untold = testsNobodyTells({ ...stage, ...withOrder(stage.sources) }, backEnd?.attributes);
  return untold.map(({ rule, field }) => ({
    path: ['permissions', 'rules', rule, 'when'],
    message: `is over ${field}, which no source and no claim tells`,
  }));
}
