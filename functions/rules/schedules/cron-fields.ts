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

/** One field in croner's spelling and in AWS's. `problem` says what to write instead. */
type Read = { readonly croner: string; readonly aws: string } | { readonly problem: string };

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** Not every month has a 29th, and AWS does not document what W does then. */
const NEAREST_DAY_MAX = 28;

const MINUTES: Field = { name: 'minutes', min: 0, max: 59 };
const HOURS: Field = { name: 'hours', min: 0, max: 23 };
const DAY_OF_MONTH: Field = { name: 'day-of-month', min: 1, max: 31 };
const MONTH: Field = { name: 'month', min: 1, max: 12, names: MONTHS };
const YEAR: Field = { name: 'year', min: 1970, max: 2199 };

/** A cron expression in AWS's spelling and in croner's, which has seconds first. */
export interface CronFields {
  readonly aws: string;
  readonly croner: string;
}

/** Reads an expression such as `0 9 ? * MON-FRI *`. Returns its fields, or all its problems, each with what to write instead. */
export function readCron(text: string): CronFields | { readonly problems: readonly string[] } {
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
  const read = fields.flatMap((field) => ('problem' in field ? [] : [field]));
  return {
    aws: read.map(({ aws }) => aws).join(' '),
    croner: ['0', ...read.map(({ croner }) => croner)].join(' '),
  };
}

function readDayOfMonth(text: string): Read {
  if (text === '?' || text === '*') return { croner: '*', aws: text };
  if (text === 'L') return { croner: text, aws: text };
  const nearest = /^(\d{1,2})W$/.exec(text)?.[1];
  if (nearest !== undefined && Number(nearest) >= 1 && Number(nearest) <= NEAREST_DAY_MAX)
    return { croner: text, aws: text };
  const read = readField(DAY_OF_MONTH, text);
  if (!('problem' in read)) return read;
  const special = `or alone: ?, L for the last day, 1W to ${NEAREST_DAY_MAX}W for the working day nearest to it`;
  return { problem: `${read.problem}; ${special}` };
}

function readDayOfWeek(text: string): Read {
  if (text === '?' || text === '*') return { croner: '*', aws: text };
  const [, name = '', nth] = /^([A-Z]{3})(L|#[1-5])$/.exec(text) ?? [];
  // AWS knows named days, but documents L and # only after a number.
  if (nth !== undefined && DAYS.includes(name))
    return { croner: `${DAYS.indexOf(name)}${nth}`, aws: `${DAYS.indexOf(name) + 1}${nth}` };
  const days = text.split(',').map((item) => {
    const [from = '', to = from, ...more] = item.split('-');
    const isRange = DAYS.includes(from) && DAYS.indexOf(from) <= DAYS.indexOf(to) && more.length === 0;
    return isRange ? DAYS.slice(DAYS.indexOf(from), DAYS.indexOf(to) + 1).map((day) => DAYS.indexOf(day)) : undefined;
  });
  if (days.every((some) => some !== undefined)) return { croner: days.flat().join(','), aws: text };
  const numbers = 'never numbers, since 1 is Sunday to AWS and Monday elsewhere';
  return {
    problem: `cron day-of-week must be names, ${numbers}: MON, MON-FRI (Sunday is first), MON,WED; or alone: *, ?, FRIL for the last Friday, MON#2 for the second Monday`,
  };
}

/** Lists every value for croner, because it has no `0/15` and reads ranges differently. */
function readField(field: Field, text: string): Read {
  const values = text.split(',').map((item) => valuesOf(field, item));
  const all = [...new Set(values.flat())];
  if (all.every((value) => value !== undefined)) return { croner: all.join(','), aws: text };
  const { name, min, max, names } = field;
  const also = names ? ` or ${names[0]} to ${names.at(-1)}` : '';
  return {
    problem: `cron ${name} must be *, ${min} to ${max}${also}, or a list (a,b), range (a-b) or step (a/n) of these`,
  };
}

function valuesOf(field: Field, item: string): readonly (number | undefined)[] {
  const [, all, first, last, step] = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
  const by = Number(step ?? 1);
  const from = all ? field.min : valueOf(field, first);
  // At AWS 5/10 runs to the end of the field, and 5 is a single value.
  const to = all || (last === undefined && step) ? field.max : valueOf(field, last ?? first);
  if (from === undefined || to === undefined || from > to || by < 1 || by > field.max - field.min) return [undefined];
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, nth) => from + nth * by);
}

function valueOf({ min, max, names }: Field, text = ''): number | undefined {
  const named = names?.indexOf(text) ?? -1;
  if (named >= 0) return min + named;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
