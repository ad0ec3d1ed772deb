import type { LinkAnswer, ExplanationAnswer } from '../../functions/rules/http/answers.ts';
import { titleOf } from '../../functions/rules/http/problem.ts';
import { namedLine as line, terminalText } from './terminal-text.ts';

type Field = ExplanationAnswer['fields'][number];
type Permissions = ExplanationAnswer['permissions'];
type Rule = Permissions['rules'][number];

/** Rows below each other, every column as wide as it must be; the last may be of any length. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    terminalText(
      `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + 2))).join('')}`,
    ),
  );
}

/** The state of a link: what MaiAgent has, and what is still to be done. */
export function linkLines(link: LinkAnswer): string[] {
  return [
    line('user', link.userId),
    line('account', link.accountStatus),
    line('contact', `${link.contactId ?? contactMissing(link)}  generation ${link.generation}`),
    line('in the log', link.pseudonym ?? 'no pseudonym until the next write'),
    line('MaiAgent', confirmedText(link)),
    line('outstanding', outstandingText(link)),
    line('former', formerText(link)),
  ];
}

const contactMissing = ({ accountStatus }: LinkAnswer): string =>
  accountStatus === 'active' ? 'none yet' : `not shown while the account is ${accountStatus}`;

function confirmedText({ isConfirmed, arePermissionsConfirmed, confirmedAt }: LinkAnswer): string {
  const at = confirmedAt === null ? '' : `, last at ${confirmedAt}`;
  if (isConfirmed) return `has confirmed everything${at}`;
  return arePermissionsConfirmed
    ? `has confirmed the permissions, and not the rest${at}`
    : `has not confirmed the permissions: no contact id is handed out${at}`;
}

const works = {
  find_or_create: 'to find or create the contact',
  update: 'to update the contact',
  erase: 'to erase the contact',
  erase_former: 'to erase former contacts',
  erase_records: 'to erase records: the quarantine and the ledgers of broadcasts',
};

function outstandingText({ outstanding }: LinkAnswer): string {
  if (!outstanding) return 'nothing';
  const { work, attempts, lastError, nextAttemptAt } = outstanding;
  const why = lastError === null ? '' : ` (${[lastError, titleOf(lastError)].filter(Boolean).join(': ')})`;
  const failed = attempts === 0 && why === '' ? '' : `; ${attempts} failed, the last one${why}`;
  const next = nextAttemptAt === null ? '' : `; next attempt ${nextAttemptAt}`;
  return `${work.map((one) => works[one]).join(', ')}${failed}${next}`;
}

function formerText({ formerContacts: { known, unanswered } }: LinkAnswer): string {
  if (known + unanswered === 0) return 'no former contact is left';
  const maybe = unanswered === 0 ? '' : `, and ${unanswered} that an unanswered create may have made`;
  return `${known} still to be erased${maybe}`;
}

/** Why it is so: the sources, the fields, the rules, and what follows. */
export function explanationLines(explanation: Omit<ExplanationAnswer, 'isCurrent' | 'withheld'>): string[] {
  const { contact, fields, sources, permissions } = explanation;
  return [
    'sources, the strongest first',
    ...table(sources.map(sourceRow)),
    '',
    'fields',
    ...table(fields.length === 0 ? [['a deleted user has none']] : fields.map(fieldRow)),
    '',
    line('permissions', decisionText(permissions)),
    ...table(permissions.rules.map(ruleRow)),
    '',
    line('queryMetadata', JSON.stringify(permissions.queryMetadata)),
    ...(contact ? [line('other fields', JSON.stringify(contact))] : []),
  ];
}

function sourceRow({ source, tells, last, status, isDeclared }: ExplanationAnswer['sources'][number]): string[] {
  const what = isDeclared ? `tells ${tells.join(', ') || 'no field'}` : 'no longer declared: only its standing counts';
  const spoken = last.version === null ? 'has never reported this user' : `has only hinted, ${versionText(last)}`;
  return [source, status ?? '-', status === null ? spoken : versionText(last), what];
}

function versionText({ version, at }: ExplanationAnswer['sources'][number]['last']): string {
  if (version === null) return '-';
  return at === null || at === version ? version : `${version} at ${at}`;
}

const reasons = {
  untold: 'the source has reported this user, and has not told it yet',
  changed: 'since then there was a hint that it changed, and nobody has told it anew',
  elsewhere: 'the source says that it is kept elsewhere',
  unusable: 'the source told it in a form that cannot be used',
  erased: 'it was erased with the person, and the source has not told it since',
};

function fieldRow(one: Field): string[] {
  const { field, state, source, value } = one;
  if (state === 'nobody_tells') return [field, '-', '-', 'none: no source that has reported this user tells it'];
  const place = [field, source ?? '-', versionText(one)];
  if (state !== 'told') return [...place, `UNKNOWN: ${reasons[state]}`];
  if (value === undefined) return [...place, '(not shown)'];
  return [...place, (typeof value === 'string' ? value : value.join(', ')) || 'none'];
}

function decisionText({ decidedBy, combine, rule, rules, unknown, rulesInAll }: Permissions): string {
  switch (decidedBy) {
    case 'rule':
      if (combine === 'all') return `${holding(rules)} of ${rulesInAll} rules: what they grant is added up`;
      return `rules[${rule}] holds, the first of ${rulesInAll} that does`;
    case 'no_rule':
      return `none of ${rulesInAll} rules holds: the grant is none`;
    case 'unknown':
      return `UNKNOWN: ${unknown.join(', ')}. No rule is asked before it is told: the grant is none`;
    case 'disabled':
    case 'deleted':
      return `the account is ${decidedBy}, and no rule is asked: the grant is none`;
  }
}

function holding(rules: readonly Rule[]): string {
  const names = rules.filter(({ holds }) => holds).map(({ rule }) => `rules[${rule}]`);
  return `${names.join(', ')} ${names.length === 1 ? 'holds' : 'hold'},`;
}

/** A test of a rule; whether it holds may be withheld. */
function testShown({ field, value, holds }: Rule['tests'][number]): string {
  if (holds === undefined) return `${field} ${value}`;
  return `${field} ${value}: ${holds ? 'yes' : 'no'}`;
}

function ruleRow({ rule, holds, needs, tests }: Rule): string[] {
  const what = tests.map(testShown).join(', ');
  const how = tests.length > 1 ? `${needs === 'all' ? 'all of' : 'one of'} ` : '';
  return [`rules[${rule}]`, holds ? 'holds' : 'passed over', `${how}${what}`];
}
