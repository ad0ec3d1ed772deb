import type { Tried } from './try-mutant.ts';

/** One line about one mutant, for somebody who watches. */
export function lineOf({ mutant, fate, by, message, seconds }: Tried): string {
  const why = message === '' || message === by ? by : `${by} (${message})`;
  return `${fate.padEnd(8)} ${String(seconds).padStart(4)} s  ${mutant.id}${why === '' ? '' : `\n                 ${why}`}`;
}

/** The whole result as Markdown: the counts, and for each mutant which test caught it. `red` are files that were of no use. */
export function tableOf(all: readonly Tried[], red: readonly string[]): string {
  const count = (fate: Tried['fate']): number => all.filter((one) => one.fate === fate).length;
  const rows = all.map(({ mutant, fate, by, seconds }) =>
    [mutant.id, mutant.protects, fate === 'caught' ? by : `**${fate}** ${by}`, `${seconds} s`].map(cell).join(' | '),
  );
  return [
    `${all.length} mutants: ${count('caught')} caught, ${count('survived')} survived, ${count('broken')} broken.`,
    ...(red.length > 0 ? ['', `Left out, because they fail without any mutant: ${red.join(', ')}.`] : []),
    '',
    '| mutant | what it no longer protects | caught by | time |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
    '',
  ].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();
