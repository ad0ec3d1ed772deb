import { accessOf, type AccessOptions } from './api/access.ts';
import { ask } from './api/ask.ts';
import { questionAbout } from './bridge-operations.ts';
import { explanationLines, linkLines } from './explanation-lines.ts';
import { terminalText } from './terminal-text.ts';

const advice = {
  byCode: {},
  needs: 'contacts.read',
};

/** `contact-bridge explain`: why somebody's contact is as it is. */
export async function runExplain(userId: string, { json, ...options }: AccessOptions & { readonly json?: true }) {
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
