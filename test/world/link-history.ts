import type { Link } from '../../functions/rules/contacts/link.ts';
import type { RowChange } from './database/memory-database.ts';
import type { Item } from './expression/attribute-value.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What a claim asks of a link, and how long it was so, in ms since 1970. */
export interface Standing {
  readonly accountStatus: Link['accountStatus'];
  readonly contactId: string | undefined;
  /** Whether a life is over whose records are still to be erased. */
  readonly isErasing: boolean;
  readonly fromMs: number;
  untilMs: number;
}

/** How every user's link has stood: what a broadcast may have found when it looked. */
export class LinkHistory {
  readonly #time: VirtualTime;
  readonly #standings = new Map<string, Standing[]>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Told of every change of a row. */
  changed({ table, after }: RowChange): void {
    if (table === 'Links' && after) this.#keep(after, this.#time.now());
  }

  /** How a link stands now; `undefined` where there is none. */
  now(pk: string): Standing | undefined {
    return this.#standings.get(pk)?.at(-1);
  }

  /** All that was true of a link at some time since then; the first one is `undefined` where there was no link at first. */
  since(pk: string, fromMs: number): readonly (Standing | undefined)[] {
    const all = this.#standings.get(pk) ?? [];
    const lived = all.filter(({ untilMs }) => untilMs >= fromMs);
    return (all[0]?.fromMs ?? Infinity) >= fromMs ? [undefined, ...lived] : lived;
  }

  get pks(): readonly string[] {
    return [...this.#standings.keys()];
  }

  #keep(row: Item, fromMs: number): void {
    const pk = row['pk']?.S ?? '';
    if (!pk.startsWith('user#')) return;
    const accountStatus = row['accountStatus']?.S as Link['accountStatus'];
    const contactId = row['contactId']?.S;
    const isErasing = row['erasing'] !== undefined;
    const last = this.now(pk);
    if (last && last.accountStatus === accountStatus && last.contactId === contactId && last.isErasing === isErasing)
      return;
    if (last) last.untilMs = fromMs;
    this.#standings.set(pk, [
      ...(this.#standings.get(pk) ?? []),
      { accountStatus, contactId, isErasing, fromMs, untilMs: Infinity },
    ]);
  }
}
