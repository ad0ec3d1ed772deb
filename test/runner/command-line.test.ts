import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../local/command-line.ts';

const leavesOf = (command: Command, name = ''): [string, Command][] =>
  command.commands.flatMap((one) => {
    const own = `${name} ${one.name()}`.trim();
    return one.commands.length > 0 ? leavesOf(one, own) : [[own, one] as [string, Command]];
  });
const leaves = leavesOf(commandLine());

/** What is for a program already, or for people alone: a page, JSON, JSON Lines, CSV, a rehearsal that is watched. */
const withoutJson = ['console', 'export', 'audit', 'broadcast report', 'rehearse'];
/** What asks a person first. */
const asking = ['import', 'audit', 'erase', 'rotate', 'quarantine show', 'broadcast send', 'broadcast edit', 'doctor'];

function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  return help;
}

describe('every command', () => {
  it.each(leaves)('%s says what it does, with an example that it takes', (name, command) => {
    const help = helpOf(command);
    expect(command.description()).not.toBe('');
    const [, shown = ''] = /^Examples?:\n((?: {2}.*\n?)+)/m.exec(help) ?? [];
    const lines = shown.split('\n').filter((line) => line.includes(`contact-bridge ${name} `));
    expect(lines.length).toBeGreaterThan(0);
    const known = command.options.flatMap(({ long, short }) => [long, short]);
    for (const line of lines)
      for (const [option] of line.matchAll(/(?<= )--[a-z-]+/g))
        expect([line, known]).toEqual([line, expect.arrayContaining([option])]);
  });

  it.each(leaves)('%s answers a program, and asks nobody whom it cannot ask', (name, command) => {
    const options = command.options.map(({ long }) => long);
    expect(options.includes('--json')).toBe(!withoutJson.includes(name));
    expect(options.includes('--yes') || options.includes('--confirm')).toBe(asking.includes(name));
    // The shape is there where it is not the API's own, or said in the documents.
    expect(command.options.find(({ long }) => long === '--json')?.description ?? 'none').not.toBe('as JSON');
  });
});
