/**
 * The six fields of AWS's cron expressions, limited to what AWS and croner read alike (EventBridge Scheduler User Guide,
 * "Cron-based schedules", read 2026-11-21). Days of the week must be names, because 1 is Sunday at AWS and Monday elsewhere. Forms
 * that AWS does not document (LW, L-3, a range across the end of the week, L or W in a list) are refused, because their meaning
 * would be a guess.
 */

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** The names of min, min + 1 and so on. */
  readonly names?: readonly string[];
}

/** One field in AWS's spelling. `problem` says what to write instead. */
type Read = { readonly aws: string } | { readonly problem: string };

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** Not every month has a 29th, and AWS does not document what W does then. */
const NEAREST_DAY_MAX = 28;

const MINUTES: Field = { name: 'minutes', min: 0, max: 59 };
const HOURS: Field = { name: 'hours', min: 0, max: 23 };
const DAY_OF_MONTH: Field = { name: 'day-of-month', min: 1, max: 31 };
const MONTH: Field = { name: 'month', min: 1, max: 12, names: MONTHS };
const DAY_OF_WEEK: Field = { name: 'day-of-week', min: 1, max: 7, names: DAYS };
const YEAR: Field = { name: 'year', min: 1970, max: 2199 };

/** Reads an expression such as `0 9 ? * MON-FRI *`: it in AWS's spelling, or all its problems, each with what to write instead. */
export function readCron(text: string): string | { readonly problems: readonly string[] } {
  const written = text.trim().toUpperCase().split(/\s+/);
  const [minutes, hours, dayOfMonth, month, dayOfWeek, year] = written;
  if (written.length !== 6 || !minutes || !hours || !dayOfMonth || !month || !dayOfWeek || !year)
    return { problems: ['cron must have six fields: minutes hours day-of-month month day-of-week year'] };
  const fields = [
    readField(MINUTES, minutes),
    readField(HOURS, hours),
    readDayOfMonth(dayOfMonth),
    readField(MONTH, month),
    readDayOfWeek(dayOfWeek),
    readField(YEAR, year),
  ];
  const problems = fields.flatMap((field) => ('problem' in field ? [field.problem] : []));
  if ((dayOfMonth === '?') === (dayOfWeek === '?'))
    problems.push('cron must have ? in exactly one of day-of-month and day-of-week, such as 0 9 ? * MON-FRI *');
  if (problems.length > 0) return { problems };
  return fields.map((field) => ('problem' in field ? '' : field.aws)).join(' ');
}

function readDayOfMonth(text: string): Read {
  const nearest = /^(\d{1,2})W$/.exec(text)?.[1];
  const isNearest = nearest !== undefined && Number(nearest) >= 1 && Number(nearest) <= NEAREST_DAY_MAX;
  if (text === '?' || text === 'L' || isNearest) return { aws: text };
  const read = readField(DAY_OF_MONTH, text);
  if (!('problem' in read)) return read;
  const special = `or alone: ?, L for the last day, 1W to ${NEAREST_DAY_MAX}W for the working day nearest to it`;
  return { problem: `${read.problem}; ${special}` };
}

function readDayOfWeek(text: string): Read {
  const [, name = '', nth] = /^([A-Z]{3})(L|#[1-5])$/.exec(text) ?? [];
  // AWS knows named days, but documents L and # only after a number.
  if (nth !== undefined && DAYS.includes(name)) return { aws: `${DAYS.indexOf(name) + 1}${nth}` };
  if (text === '?' || text === '*' || (/^[A-Z,-]+$/.test(text) && isListOf(DAY_OF_WEEK, text))) return { aws: text };
  const numbers = 'never numbers, since 1 is Sunday to AWS and Monday elsewhere';
  return {
    problem: `cron day-of-week must be names, ${numbers}: MON, MON-FRI (Sunday is first), MON,WED; or alone: *, ?, FRIL for the last Friday, MON#2 for the second Monday`,
  };
}

function readField(field: Field, text: string): Read {
  if (isListOf(field, text)) return { aws: text };
  const { name, min, max, names } = field;
  const also = names ? ` or ${names[0]} to ${names.at(-1)}` : '';
  return {
    problem: `cron ${name} must be *, ${min} to ${max}${also}, or a list (a,b), range (a-b) or step (a/n) of these`,
  };
}

const isListOf = (field: Field, text: string): boolean => text.split(',').every((item) => isItemOf(field, item));

function isItemOf(field: Field, item: string): boolean {
  const [, all, first, last, step] = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
  const by = Number(step ?? 1);
  const from = all ? field.min : valueOf(field, first);
  // At AWS 5/10 runs to the end of the field, and 5 is a single value.
  const to = all || (last === undefined && step) ? field.max : valueOf(field, last ?? first);
  return from !== undefined && to !== undefined && from <= to && by >= 1 && by <= field.max - field.min;
}

function valueOf({ min, max, names }: Field, text = ''): number | undefined {
  const named = names?.indexOf(text) ?? -1;
  if (named >= 0) return min + named;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
