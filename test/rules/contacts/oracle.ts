/**
 * Who is believed, written from what docs/design.md §7 promises and not from the code: every event of a source is put into its order and
 * replayed, where the code keeps maxima. Nothing of `functions/` is used here.
 */
export interface OracleEvent {
  readonly source: string;
  readonly kind: 'create' | 'update' | 'disable' | 'enable' | 'delete' | 'hint';
  readonly at: number;
  /** When the vendor says that it happened. */
  readonly tie?: number;
  /** The fields that are told, whole or a part; a value of `null` says that there is none. */
  readonly fields?: Readonly<Record<string, string | null>>;
  readonly isPart?: boolean;
  /** The fields of which a hint says that they changed. */
  readonly changed?: readonly string[];
  readonly status?: 'active' | 'disabled';
}

export interface OracleSource {
  readonly name: string;
  readonly tells: readonly string[];
}

/** A rule holds where the field has the value. */
export interface OracleRule {
  readonly field: string;
  readonly is: string;
  readonly grant: string;
}

export interface OracleAnswer {
  readonly account: 'active' | 'disabled' | 'deleted';
  /** By field: its value, `null` for none, `undefined` for unknown. */
  readonly fields: Readonly<Record<string, string | null | undefined>>;
  /** What is shown of it: what was last told, whatever a hint says since, because to show it opens nothing. */
  readonly shown: Readonly<Record<string, string | null | undefined>>;
  readonly grant: string;
}

interface Replayed {
  readonly told: ReadonlyMap<string, { readonly value: string | null; readonly by: OracleEvent }>;
  readonly account: OracleAnswer['account'];
}

/** What is so at the end, whatever the order of arrival. `order` has the sources, the strongest first. */
export function answerOf(
  events: readonly OracleEvent[],
  order: readonly OracleSource[],
  rules: readonly OracleRule[],
): OracleAnswer {
  const replayed = new Map(order.map((source) => [source.name, replay(source, events)]));
  const accounts = [...replayed.values()].flatMap((one) => (one ? [one.account] : []));
  const account = accounts.includes('deleted') ? 'deleted' : accounts.includes('disabled') ? 'disabled' : 'active';
  const fields: Record<string, string | null | undefined> = {};
  const shown: typeof fields = {};
  for (const field of new Set(order.flatMap(({ tells }) => tells))) {
    const decider = order.find(({ name, tells }) => tells.includes(field) && replayed.get(name) !== undefined);
    const told = decider && replayed.get(decider.name)?.told.get(field);
    const hints = events.filter((event) => event.changed?.includes(field) && !isForgotten(event, events));
    // What nobody told, the user's token may tell: it is unknown too, once somebody hints that it changed.
    const isOver = decider ? told && hints.some((hint) => endsTrust(hint, told.by)) : hints.length > 0;
    shown[field] = decider ? told?.value : null;
    fields[field] = isOver ? undefined : shown[field];
  }
  const isUnknown = rules.some(({ field }) => fields[field] === undefined);
  const rule = isUnknown || account !== 'active' ? undefined : rules.find(({ field, is }) => fields[field] === is);
  return { account, fields, shown, grant: rule?.grant ?? 'none' };
}

/** Whether what was told is over by this hint: it is not newer, of one source by its versions, of a token by its issue. */
function endsTrust(hint: OracleEvent, told: OracleEvent): boolean {
  if (told.source === 'token') return (told.tie ?? told.at) <= hint.at;
  return told.source === hint.source && inOrder(told, hint) <= 0;
}

/** A deletion ends what its source hinted before. */
const isForgotten = (hint: OracleEvent, events: readonly OracleEvent[]): boolean =>
  events.some((event) => event.source === hint.source && event.kind === 'delete' && inOrder(hint, event) < 0);

/** The state of one source after all of its events, in their order; `undefined` where it never spoke of the user. */
function replay({ name, tells }: OracleSource, events: readonly OracleEvent[]): Replayed | undefined {
  const own = events.filter(({ source, kind }) => source === name && kind !== 'hint').toSorted(inOrder);
  if (own.length === 0) return undefined;
  let told = new Map<string, { value: string | null; by: OracleEvent }>();
  let [isDeleted, isDisabled] = [false, false];
  for (const event of own) {
    if (event.kind === 'delete') [told, isDeleted, isDisabled] = [new Map(), true, false];
    if (event.kind === 'create') [isDeleted, isDisabled] = [false, event.status === 'disabled'];
    if (event.kind === 'disable' || (event.kind === 'update' && event.status === 'disabled')) isDisabled = true;
    if (event.kind === 'enable' || (event.kind === 'update' && event.status === 'active')) isDisabled = false;
    const { fields } = event;
    if (fields === undefined) continue;
    for (const field of event.isPart ? Object.keys(fields) : tells) {
      const value = fields[field] ?? null;
      const known = told.get(field);
      // Nothing but the content is left to decide between two events of one moment.
      const isWeaker = known && inOrder(known.by, event) === 0 && weightOf(field, known.value) > weightOf(field, value);
      if (!isWeaker) told.set(field, { value, by: event });
    }
  }
  return { told, account: isDeleted ? 'deleted' : isDisabled ? 'disabled' : 'active' };
}

/** No text weighs least, and no role or group most, because it grants least. */
const weightOf = (field: string, value: string | null): string =>
  value ?? (['roles', 'groups'].includes(field) ? '~' : '');

/** By version, then by the vendor's time, then by what takes more away. */
const inOrder = (a: OracleEvent, b: OracleEvent): number =>
  a.at - b.at || (a.tie ?? 0) - (b.tie ?? 0) || rankOf(a) - rankOf(b);

function rankOf({ kind, status }: OracleEvent): number {
  if (kind === 'delete') return 2;
  return kind === 'disable' || status === 'disabled' ? 1 : 0;
}
