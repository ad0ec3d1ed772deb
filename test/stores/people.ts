/** Somebody in a user store, as far as stores have it in common. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly isEnabled: boolean;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

type Kind = 'create' | 'rename' | 'disable' | 'enable' | 'join' | 'leave' | 'give' | 'take' | 'delete';

/** One thing that happened to somebody. */
export interface Happening {
  readonly kind: Kind;
  /** As the person is after it, or was before a deletion. */
  readonly person: Person;
  /** The name, the group or the role. */
  readonly about: string;
  readonly number: number;
  readonly atMs: number;
}

const changes: Readonly<
  Record<Exclude<Kind, 'create' | 'delete'>, (person: Person, about: string) => Partial<Person>>
> = {
  rename: (_, name) => ({ name }),
  disable: () => ({ isEnabled: false }),
  enable: () => ({ isEnabled: true }),
  join: ({ groups }, group) => ({ groups: [...new Set([...groups, group])] }),
  leave: ({ groups }, group) => ({ groups: groups.filter((one) => one !== group) }),
  give: ({ roles }, role) => ({ roles: [...new Set([...roles, role])] }),
  take: ({ roles }, role) => ({ roles: roles.filter((one) => one !== role) }),
};

/** The people of a store, who change as an administrator changes them. How a store tells of it is the store's. */
export class People {
  readonly all = new Map<string, Person>();
  readonly #now: () => number;
  #happened = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  happen(kind: Kind, id: string, about = ''): Happening {
    const known = this.all.get(id);
    if (kind !== 'create' && !known) throw new Error('there is no such person');
    const before = known ?? { id, name: about, isEnabled: true, groups: [], roles: [] };
    const person = kind === 'create' || kind === 'delete' ? before : { ...before, ...changes[kind](before, about) };
    if (kind === 'delete') this.all.delete(id);
    else this.all.set(id, person);
    return { kind, person, about, number: (this.#happened += 1), atMs: this.#now() };
  }
}
