import type { Audience } from '../../../functions/rules/broadcasts/audience.ts';
import type { Reason } from '../../../functions/rules/broadcasts/batch.ts';
import { forgetLinks, putLinks, type BroadcastGround } from './ground.ts';
import { addContact, type Bound } from './person.ts';

/** What a crowd is made of. */
export interface People {
  /** How the back office calls them: the audience of the broadcast, and its confirmation. */
  readonly body: { readonly audience: Audience; readonly confirm?: 'all' };
  /** The recipients, in the order in which they are planned. */
  readonly members: readonly Bound[];
  /** Whoever else has a row. */
  readonly bystanders?: readonly { readonly pk: string }[];
  /** The keys of those who are meant, and have no contact yet. */
  readonly unbound?: readonly string[];
}

/** The recipients of one story and everybody around them, in the table. */
export class Crowd {
  readonly body: People['body'];
  readonly unbound: readonly string[];
  /** By the key of a recipient: the contacts that were bound, the oldest first. */
  readonly contactsOf: ReadonlyMap<string, string[]>;
  readonly #ground: BroadcastGround;
  readonly #members: readonly Bound[];
  readonly #rows: readonly { readonly pk: string }[];

  private constructor({ body, members, bystanders = [], unbound = [] }: People, ground: BroadcastGround) {
    this.body = body;
    this.unbound = unbound;
    this.contactsOf = new Map(members.map(({ pk, contactId }) => [pk, [contactId]]));
    this.#ground = ground;
    this.#members = members;
    this.#rows = [...members, ...bystanders];
  }

  /** Puts them into the table. */
  static async of(people: People, ground: BroadcastGround): Promise<Crowd> {
    const crowd = new Crowd(people, ground);
    await putLinks(crowd.#rows, ground);
    return crowd;
  }

  /** Whether nobody is named, so that a plan does not know of those who have left. */
  get isEveryone(): boolean {
    return this.body.audience.kind === 'all';
  }

  /** Every contact that a recipient has or had. */
  get contactIds(): readonly string[] {
    return [...this.contactsOf.values()].flat();
  }

  /** The first one is disabled. Answers by contact why nobody may send to it from now on. */
  async disable(): Promise<ReadonlyMap<string, Reason>> {
    return this.#put([[{ ...this.#at(0), accountStatus: 'disabled' }, 'disabled']]);
  }

  /** The first one is disabled, the second one deleted, and the last one was deleted and comes back with another contact. */
  async change(): Promise<ReadonlyMap<string, Reason>> {
    const last = this.#at(-1);
    const contactId = addContact(`${last.sourceId}~2`, this.#ground);
    const changed = await this.#put([
      [{ ...this.#at(0), accountStatus: 'disabled' }, 'disabled'],
      [{ ...this.#at(1), accountStatus: 'deleted' }, 'deleted'],
      [{ ...last, contactId, generation: 2 }, 'link_changed'],
    ]);
    this.contactsOf.get(last.pk)?.push(contactId);
    return changed;
  }

  /** Takes everybody out of the table, so that no other story meets them. */
  async leave(): Promise<void> {
    await forgetLinks(this.#rows, this.#ground);
  }

  #at(index: number): Bound {
    return this.#members.at(index) as Bound;
  }

  async #put(changes: readonly (readonly [Bound, Reason])[]): Promise<ReadonlyMap<string, Reason>> {
    await putLinks(
      changes.map(([row]) => row),
      this.#ground,
    );
    return new Map(changes.map(([{ pk }, reason]) => [this.contactsOf.get(pk)?.at(-1) ?? '', reason]));
  }
}
