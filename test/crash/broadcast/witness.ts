import type { WrittenRow } from './boundary.ts';
import { rowsUnder, type BroadcastGround, type PlainRow } from './ground.ts';
import type { BroadcastWatch } from './invocation.ts';

/** A claim that was seen to commit: the right to send to these contacts. */
interface SeenClaim {
  readonly id: string;
  /** The batch. */
  readonly pk: string;
  readonly sk: string;
  readonly contactIds: readonly string[];
  /** When it was made, and by when a request under it is dead, in ms since 1970. */
  readonly atMs: number;
  readonly untilMs: number;
  isSent: boolean;
}

interface ClaimRow {
  readonly claim?: { readonly id: string; readonly at: number; readonly until: number };
  readonly recipients: readonly { readonly contactId?: string; readonly state: string }[];
}

/**
 * Watches one broadcast from the outside: which claims and cancels commit, in which order, who was disabled before, and under which
 * claim a request reaches MaiAgent. It looks at the requests and at the tables' rows, never into the jobs.
 */
export class BroadcastWitness implements BroadcastWatch {
  readonly accusations: string[] = [];
  readonly claims: SeenClaim[] = [];
  /** Contacts that nobody may send to any more, and why. */
  readonly changedLinks = new Map<string, string>();
  isCancelled = false;
  readonly #ground: BroadcastGround;

  constructor(ground: BroadcastGround) {
    this.#ground = ground;
  }

  accuse(accusation: string): void {
    this.accusations.push(accusation);
  }

  committed(boundary: string, rows: readonly WrittenRow[]): void {
    if (boundary === 'table:cancel') this.isCancelled = true;
    if (boundary !== 'table:claim') return;
    for (const { row } of rows) this.#claimed(row);
  }

  /** A repeated claim that goes through again is the same one: the engine knows it by its token. */
  #claimed({ pk, sk, ...rest }: PlainRow): void {
    const { claim, recipients } = rest as unknown as ClaimRow;
    if (!claim || this.claims.some(({ id }) => id === claim.id)) return;
    const contactIds = recipients.flatMap(({ contactId, state }) =>
      state === 'claimed' && contactId ? [contactId] : [],
    );
    this.claims.push({ id: claim.id, pk, sk, contactIds, atMs: claim.at, untilMs: claim.until, isSent: false });
    if (this.isCancelled) this.accuse('a claim was committed after the cancel');
    if (contactIds.some((one) => this.changedLinks.has(one)))
      this.accuse('a contact was claimed whose link had changed');
  }

  /** A request to send must come under a claim of its own that holds now, for exactly the contacts that it names. */
  async reaches(body: string): Promise<void> {
    if ('inboxId' in (JSON.parse(body) as object)) this.accuse('sent to a whole inbox');
    const claim = this.#claimOf(body);
    if (!claim) return this.accuse('sent without a claim of its own');
    claim.isSent = true;
    const row = (await rowsUnder(claim.pk, this.#ground)).find(({ sk }) => sk === claim.sk) as ClaimRow | undefined;
    if (row?.claim?.id !== claim.id) return this.accuse('sent under a claim that was over');
    if (row.claim.until <= this.#ground.clock.now()) this.accuse('sent after its claim');
  }

  /** Until when the claim holds under which this broadcast is to be sent. */
  untilOf(body: string): number {
    return this.#claimOf(body)?.untilMs ?? 0;
  }

  /** An older one was given back: nobody claims again what may be under way. */
  #claimOf(body: string): SeenClaim | undefined {
    const { contactIds = [] } = JSON.parse(body) as { contactIds?: string[] };
    return this.claims.findLast((one) => !one.isSent && isSame(one.contactIds, contactIds));
  }
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((one) => others.includes(one));
