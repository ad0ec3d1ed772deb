/** An expression that EventBridge Scheduler would refuse. The message is its own (AWS, `ValidationException`). */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
  /** Terms that only this field knows, and what they are for croner. */
  readonly special?: (term: string, field: Field) => string | undefined;
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const minutes: Field = { min: 0, max: 59 };
const hours: Field = { min: 0, max: 23 };
const dayOfMonth: Field = { min: 1, max: 31, special: specialDay };
const month: Field = { min: 1, max: 12, names: months };
const dayOfWeek: Field = { min: 1, max: 7, names: weekdays, special: specialWeekday };
const year: Field = { min: 1970, max: 2199 };

/**
 * The seven fields that croner reads (seconds first, weekdays from 1 = SUN) for the six of AWS: minutes, hours, day of month,
 * month, day of week, year (AWS, "Cron-based schedules"). Throws `ExpressionError` for what AWS does not document.
 */
export function cronPattern(text: string): string {
  const fields = text.trim().split(/\s+/);
  const [minute = '', hour = '', day = '', monthField = '', weekday = '', yearField = ''] = fields;
  // One day field has to be left open, and not both.
  if (fields.length !== 6 || (day === '?') === (weekday === '?')) throw refused(text);
  const translated = [
    read(minute, minutes),
    read(hour, hours),
    day === '?' ? '*' : read(day, dayOfMonth),
    read(monthField, month),
    weekday === '?' ? '*' : read(weekday, dayOfWeek),
    read(yearField, year),
  ];
  if (translated.includes(undefined)) throw refused(text);
  return ['0', ...translated].join(' ');
}

function refused(text: string): ExpressionError {
  return new ExpressionError(`Invalid Schedule Expression cron(${text}).`);
}

function read(text: string, field: Field): string | undefined {
  const terms = text.toUpperCase().split(',');
  // "You can only use one # expression" (AWS): it stands alone.
  if (terms.length > 1 && text.includes('#')) return undefined;
  const translated = terms.map((term) => field.special?.(term, field) ?? plain(term, field));
  return translated.includes(undefined) ? undefined : translated.join(',');
}

/** `*`, a value or a range, each with a step or without. A step that starts from one value goes on to the end. */
function plain(term: string, field: Field): string | undefined {
  const [, range = '', , step] = /^([^/]+)(\/(\d+))?$/.exec(term) ?? [];
  if (step !== undefined && (Number(step) < 1 || Number(step) > field.max)) return undefined;
  const suffix = step === undefined ? '' : `/${Number(step)}`;
  if (range === '*') return `*${suffix}`;
  const [from, to, ...rest] = range.split('-').map((value) => valueOf(value, field));
  if (from === undefined || rest.length > 0) return undefined;
  if (!range.includes('-')) return step === undefined ? String(from) : `${from}-${field.max}${suffix}`;
  return to === undefined || to < from ? undefined : `${from}-${to}${suffix}`;
}

function valueOf(text: string, { min, max, names = [] }: Field): number | undefined {
  const index = names.indexOf(text);
  const value = index >= 0 ? index + min : /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  return value >= min && value <= max ? value : undefined;
}

/** The last day of the month, and the weekday that is nearest to a day. */
function specialDay(term: string, field: Field): string | undefined {
  if (term === 'L') return 'L';
  const day = term.endsWith('W') ? valueOf(term.slice(0, -1), field) : undefined;
  return day === undefined ? undefined : `${day}W`;
}

/** The last day of the week, the last one of its kind in the month, and the first to fifth of its kind. */
function specialWeekday(term: string, field: Field): string | undefined {
  if (term === 'L') return String(field.max);
  const [, name = '', last, nth] = /^(\w+?)(?:(L)|#([1-5]))$/.exec(term) ?? [];
  const weekday = valueOf(name, field);
  if (weekday === undefined) return undefined;
  return last ? `${weekday}L` : `${weekday}#${nth}`;
}
