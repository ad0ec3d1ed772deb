import { type Command, InvalidArgumentError, Option } from 'commander';

const requestHelp = `
Examples:
  contact-bridge broadcast preview --message 'We open at nine.' --all --role staff --local
  contact-bridge broadcast send --message 'We open at nine.' --user member-17 member-4 --api https://bridge.example.com
  contact-bridge broadcast send --message-file news.txt --users-file members.txt --at 2027-03-01T09:00 --zone Asia/Taipei ...
  contact-bridge broadcast send --message-file news.txt --users-file members.txt --test-to member-17 ...
  contact-bridge broadcast send --message 'A new week.' --all --cron '0 9 ? * MON *' --zone Asia/Taipei --end 2027-12-31T00:00 ...
  contact-bridge broadcast edit 3f0c2f1e-… --message 'We open at ten.' --at 2027-03-01T10:00 --zone Asia/Taipei ...
  echo 'We are back.' | contact-bridge broadcast send --message-file - --all --confirm all --watch ...

Several conditions (--role, --group, --attribute, --except-user) all have to hold; of several roles one is enough.
A local time that a change of the clocks skips is left out, and one that comes twice is kept once; the preview says so.
The --key makes a repeat harmless: the same command with the same key sends nothing twice, whatever became of the first.`;

/** What is sent, to whom and when. */
export function withRequest(command: Command): Command {
  return command
    .option('--message <text>', 'what they read')
    .addOption(new Option('--message-file <path>', 'the same from a file; - is standard input').conflicts('message'))
    .option('--user <id...>', 'these users')
    .option('--users-file <path>', 'the users in this file, one userId on a line')
    .addOption(new Option('--contact <id...>', 'these contacts').conflicts(['user', 'usersFile']))
    .addOption(new Option('--all', 'every user; asks first').conflicts(['user', 'usersFile', 'contact']))
    .option('--except-user <id...>', 'but not these')
    .option('--role <name...>', 'only who has one of these roles')
    .option('--group <name...>', 'only who is in one of these groups')
    .option('--attribute <name=value...>', 'only who has this value; several have to hold together')
    .option('--at <local time>', 'once, such as 2027-03-01T09:00; needs --zone')
    .addOption(
      new Option(
        '--cron <expression>',
        "again and again: AWS's six fields, such as 0 9 ? * MON-FRI *; needs --zone",
      ).conflicts('at'),
    )
    .addOption(
      new Option('--rate <rate>', 'at once, and again and again: such as 7 days').conflicts(['at', 'cron', 'zone']),
    )
    .option('--zone <name>', 'the IANA time zone of --at and --cron, such as Asia/Taipei')
    .addOption(
      new Option('--end <time>', 'no run after it: a local time with --cron, an instant (…Z) with --rate').conflicts(
        'at',
      ),
    )
    .option('--lateness <minutes>', 'a run that would begin later than this expires', Number)
    .addHelpText('after', requestHelp);
}

/** How a script agrees. */
export const agreement = (): Option =>
  new Option('--confirm <word>', 'agrees to --all where nobody can be asked').choices(['all']);

/** How it is sent. */
export function withSend(command: Command): Command {
  return command
    .addOption(agreement())
    .option('--key <key>', 'the idempotency key (default: a random one, which is shown)', idempotencyKey)
    .addOption(
      new Option('--test-to <userId>', 'sends it now to this user alone, and to nobody else').conflicts([
        'key',
        'dryRun',
      ]),
    )
    .option('--dry-run', 'shows whom it would reach, and sends nothing')
    .option('--watch', 'follows the run until it is over; Ctrl-C stops watching, not the broadcast');
}

/** Reads a whole number from 1 to `max`. */
export function numberUpTo(max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= 1 && number <= max) return number;
    throw new InvalidArgumentError(`Give a number from 1 to ${max}.`);
  };
}

function idempotencyKey(text: string): string {
  if (/^[\x20-\x7e]{1,255}$/.test(text) && text.trim() === text) return text;
  throw new InvalidArgumentError('Give 1 to 255 printable ASCII characters.');
}
