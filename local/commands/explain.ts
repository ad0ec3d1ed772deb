import { Command } from 'commander';
import { accessOf, type AccessOptions, withAccess } from './api/access.ts';
import { ask } from './api/ask.ts';
import { questionAbout } from './bridge-operations.ts';
import { explanationLines, linkLines } from './explanation-lines.ts';
import { terminalText } from './terminal-text.ts';

const help = `
Examples:
  contact-bridge explain member-17 --local
  contact-bridge explain member-17 --json --api https://bridge.example.com

A rule is named by its place in the stage's file: rules[0] is the first. What somebody would get, contact-bridge permissions check says.`;

const advice = {
  byCode: {},
  needs: 'contacts.read',
};

/** `contact-bridge explain`: why somebody's contact is as it is. */
export function explainCommand(): Command {
  const needs = 'the scope contacts.read,\nand contacts.write to see what the sources said';
  return withAccess(new Command('explain').argument('<userId>', 'the userId'), needs)
    .description('says why the contact of a user is as it is: which source set each field, which rule holds')
    .option('--json', 'the answer of GET /v1/users/{userId} as it is')
    .addHelpText('after', help)
    .action(runExplain);
}

async function runExplain(userId: string, { json, ...options }: AccessOptions & { readonly json?: true }) {
  const access = accessOf(options, 'contacts.read contacts.write');
  const { body } = await ask(access, 'getUser', questionAbout(userId), advice);
  if (json) return console.log(JSON.stringify(body, null, 2));
  for (const line of [...linkLines(body), '', ...explanationLines(body)]) console.log(line);
  if (!body.isCurrent)
    console.log('\nsettings       have changed since this row was written; sync evaluates this row again by itself');
  if (body.withheld) console.log(`\nnot shown      ${terminalText(withheldText(body.withheld))}`);
}

const withheldText = ({ members, scope }: { readonly members: readonly string[]; readonly scope: string }): string =>
  `${members.join(', ')}: the token needs ${scope}`;
