import { CommandError } from '../command-error.ts';

/** When a broadcast is sent; without any of them at once. */
export interface ScheduleOptions {
  readonly at?: string;
  readonly cron?: string;
  readonly rate?: string;
  readonly zone?: string;
  readonly end?: string;
}

/** The schedule as the API takes it. Local times have no offset: the zone says where they are read. */
export type ScheduleRequest =
  | { readonly kind: 'at'; readonly at: string; readonly timeZone: string }
  | { readonly kind: 'cron'; readonly cron: string; readonly timeZone: string; readonly end?: string }
  | { readonly kind: 'rate'; readonly rate: string; readonly end?: string };

/** Undefined for at once. Throws `CommandError` for options that do not belong together; whether a time is ever reached, the API says. */
export function scheduleOf(options: ScheduleOptions): ScheduleRequest | undefined {
  const { at, cron, rate, zone, end } = options;
  if ([at, cron, rate].filter((one) => one !== undefined).length > 1)
    throw new CommandError('say when once: by --at, --cron or --rate');
  if (zone !== undefined && at === undefined && cron === undefined)
    throw new CommandError('--zone belongs to --at or --cron');
  if (end !== undefined && cron === undefined && rate === undefined)
    throw new CommandError('--end belongs to --cron or --rate');
  if (at !== undefined) return { kind: 'at', at: localTime('--at', at), timeZone: zoneOf(zone) };
  if (cron !== undefined)
    return { kind: 'cron', cron, timeZone: zoneOf(zone), ...(end !== undefined && { end: localTime('--end', end) }) };
  if (rate !== undefined) return { kind: 'rate', rate, ...(end !== undefined && { end: instant(end) }) };
  return undefined;
}

/** Never this machine's own zone: the same command means the same on another one. */
function zoneOf(zone: string | undefined): string {
  if (zone === undefined) throw new CommandError('say in which zone: --zone Asia/Taipei, or --zone UTC');
  return zone;
}

function localTime(option: string, text: string): string {
  const [, day, minute, second = ':00'] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?$/.exec(text) ?? [];
  if (day === undefined || minute === undefined)
    throw new CommandError(`${option} takes a local time such as 2027-03-01T09:00, without an offset, not ${text}`);
  return `${day}T${minute}${second}`;
}

/** A rate has no zone, so its end says where it is read. */
function instant(text: string): string {
  const readMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(readMs))
    throw new CommandError(`with --rate, --end takes an instant such as 2027-12-31T00:00:00Z, not ${text}`);
  return new Date(readMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
