import { setTimeout as sleep } from 'node:timers/promises';
import { type Access, accessOf, type AccessOptions } from '../api/access.ts';
import { ask, type Advice } from '../api/ask.ts';
import { questionAbout, type AnswerTo } from '../bridge-operations.ts';
import { agreed } from '../broadcasts/confirm.ts';
import { CommandError } from '../command-error.ts';
import { show as print } from '../output.ts';
import { terminalText } from '../terminal-text.ts';

const scopes = 'contacts.read contacts.write';
const advice: Advice = {
  byCode: {},
  needs: scopes,
};
/** A pass through the records begins five minutes after the deletion. */
const waitMsMax = 1_800_000;
const pollMs = 5_000;

interface Options extends AccessOptions {
  readonly yes?: true;
  readonly wait?: true;
  readonly json?: true;
}

/** `contact-bridge erase`: erases a person, and says what is left. */
export async function runErase(userId: string, options: Options): Promise<void> {
  const access = accessOf(options, scopes);
  await show(userId, access, options.json ? console.error : console.log);
  await agreed(options.yes, 'erase', `to erase ${terminalText(userId)}`, 'nothing was erased');
  await ask(access, 'deleteUser', questionAbout(userId), advice);
  const giveUpAt = performance.now() + waitMsMax;
  let receipt = await receiptOf(userId, access);
  for (let shown = ''; options.wait && receipt.state === 'outstanding'; receipt = await receiptOf(userId, access)) {
    const now = receipt.outstanding.join(', ');
    if (now !== shown) console.error(`outstanding: ${now}`);
    shown = now;
    if (performance.now() > giveUpAt)
      throw new CommandError(`${now} still outstanding: contact-bridge explain says why`);
    await sleep(pollMs);
  }
  print(receipt, receiptLines(receipt), options.json);
  if (receipt.state === 'outstanding') process.exitCode = 1;
}

async function show(userId: string, access: Access, say = console.log): Promise<AnswerTo<'getUser'>['body']> {
  const { body } = await ask(access, 'getUser', questionAbout(userId), advice);
  const { known, unanswered } = body.formerContacts;
  say(`user           ${terminalText(userId)}: ${body.accountStatus}, generation ${body.generation}`);
  say(`contacts       ${body.contactId ?? 'none that is handed out'}; ${known + unanswered} former ones`);
  say(`reported by    ${Object.keys(body.reports).join(', ') || 'nobody'}`);
  return body;
}

type Receipt = AnswerTo<'getErasure'>['body'];
const receiptOf = async (userId: string, access: Access): Promise<Receipt> =>
  (await ask(access, 'getErasure', questionAbout(userId), advice)).body;

/** A receipt for people. */
export function receiptLines({ state, since, doneAt, outstanding, contacts, left }: Receipt): string[] {
  const conversations = ({ conversations: some, conversationsInAll: all }: Receipt['contacts'][number]): string =>
    all === 0 ? '' : `; ${all} conversations: ${some.join(', ')}${all > some.length ? ', …' : ''}`;
  return [
    `erasure        ${state} since ${since}${doneAt === null ? `: ${outstanding.join(', ')}` : `, done ${doneAt}`}`,
    ...contacts.map((one) => `contact        ${one.contactId ?? ''} ${one.how} ${one.at}${conversations(one)}`),
    ...left.map(
      ({ where, until, what }) => `left           ${where}${until === null ? '' : ` until ${until}`}: ${what}`,
    ),
  ];
}

/** `contact-bridge rotate`: another contact for a user whose contact id has leaked. */
export async function runRotate(userId: string, options: Options): Promise<void> {
  const access = accessOf(options, scopes);
  const say = options.json ? console.error : console.log;
  const { generation } = await show(userId, access, say);
  const { body } = await ask(access, 'listConversations', questionAbout(userId), advice);
  say(`lost           the history of ${body.count ?? body.conversations.length} conversations, to the user`);
  await agreed(options.yes, 'rotate', 'to go on', 'nothing was changed');
  const rotated = await ask(access, 'rotateUser', { ...questionAbout(userId), body: { generation } }, advice);
  const line = `the user has generation ${rotated.body.generation}; the former contact is being erased`;
  print(rotated.body, [line], options.json);
}
