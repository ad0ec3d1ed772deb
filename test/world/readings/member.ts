import type { SyncEvent } from '../../../functions/sync.ts';
import type { UserChangedEvent } from '../../../functions/user-changed.ts';
import { effectiveRoles } from '../../stores/keycloak-realm.ts';
import { identifyJob, syncJob, userChangedJob } from '../jobs.ts';
import { Player, type Attempt } from '../player.ts';
import { leaseMs } from '../settings.ts';
import { StoreHere } from '../store.ts';
import type { World } from '../world.ts';
import { Witness, type Event, type State } from './witness.ts';

/** What happens at the store; `undefined` where it cannot, because of how the user is there. */
const changes = {
  created: ({ realm }, id, name) => realm.create(id, { enabled: true, firstName: name }),
  renamed: ({ realm }, id, name) => realm.update(id, { firstName: name }),
  given: ({ realm }, id) => realm.give(id, 'staff'),
  taken: ({ realm }, id) => realm.take(id, 'staff'),
  joined: ({ realm }, id) => realm.join(id, '/partners'),
  left: ({ realm }, id) => realm.leave(id, '/partners'),
  disabled: ({ realm }, id) => realm.update(id, { enabled: false }),
  enabled: ({ realm }, id) => realm.update(id, { enabled: true }),
  /** The event does not say what. */
  'changed in silence': ({ realm }, id, name) => {
    const { representation: _, ...event } = realm.update(id, { firstName: name }) as { representation?: string };
    return event;
  },
  deleted: ({ realm }, id) => realm.remove(id),
} satisfies Record<string, (store: StoreHere, id: string, name: string) => object>;
export type ChangeAct = keyof typeof changes;

/** After these something may be gone that was there. */
const taking: ReadonlySet<string> = new Set<ChangeAct>(['taken', 'left', 'changed in silence']);
/** What these say nothing of. */
const silent: Partial<Record<ChangeAct, readonly ('role' | 'standing')[]>> = {
  // Whom nobody knew has no role; of somebody who was known the reading tells that it is gone.
  created: ['role'],
  renamed: ['role', 'standing'],
  given: ['standing'],
  taken: ['standing'],
  joined: ['standing'],
  left: ['standing'],
  disabled: ['role'],
  enabled: ['role'],
};

/** What acts on a user's behalf are made of. */
interface Deeds {
  readonly userId: string;
  readonly pk: string;
  readonly world: World;
  signIn(): Attempt;
  hear(event: UserChangedEvent): Attempt;
  sync(event: SyncEvent): Attempt;
}

const jobs = {
  'sign-in': (member) => member.signIn(),
  /** The readings that are due, as each minute brings them. */
  read: (member) => member.hear({ reads: true }),
  refresh: (member) => member.hear({ refresh: member.userId }),
  sync: (member) => member.sync({ Records: [{ dynamodb: { Keys: { pk: { S: member.pk } } } }] }),
  sweep: (member) => member.sync({ sweep: true }),
  /** The next request finds the store broken. */
  'store-breaks': (member) => () => {
    member.world.store.failures = 1;
    return Promise.resolve();
  },
  'lease-passes': (member) => () => member.world.time.sleep(leaseMs + 1_000),
} satisfies Record<string, (member: Deeds) => Attempt>;

/** `late`: it happens when it is made ready, and is told when it is sent; without that both at once. */
export type Act = ChangeAct | `late ${ChangeAct}` | keyof typeof jobs;
export const changeActs = Object.keys(changes) as ChangeAct[];

/** One user of a store that is read, with everybody who acts for that user. */
export class Member extends Player<Act> implements Deeds {
  readonly userId: string;
  readonly witness: Witness;
  #names = 0;
  /** What has happened already and nobody has begun to tell. */
  readonly #late = new Set<Attempt>();

  constructor(world: World, userId: string) {
    super(world);
    this.userId = userId;
    this.witness = new Witness(world, userId, (accusation) => this.accuse(accusation));
    world.watches.push({ creates: (sourceId) => sourceId === userId || sourceId.startsWith(`${userId}~`) });
  }

  get pk(): string {
    return `user#${this.userId}`;
  }

  prepare(act: Act): Attempt {
    if (act in jobs) return jobs[act as keyof typeof jobs](this);
    if (!act.startsWith('late ')) return this.#tell(() => this.#happen(act as ChangeAct));
    const event = this.#happen(act.slice(5) as ChangeAct);
    const told = this.#tell(() => event);
    const attempt: Attempt = (adversary) => {
      this.#late.delete(attempt);
      return told(adversary);
    };
    this.#late.add(attempt);
    return attempt;
  }

  override async tellAgain(): Promise<void> {
    for (const attempt of this.#late) await attempt();
    await super.tellAgain();
  }

  /** How the user is at the store. */
  get state(): State | undefined {
    const { realm } = this.world.store;
    const user = realm.users.get(this.userId);
    const has = user ? effectiveRoles(realm, user) : [];
    const role = has.includes('staff') ? 'staff' : has.includes('partner') ? 'partner' : 'nobody';
    return user && { name: user.firstName ?? '', isEnabled: user.enabled, role };
  }

  #happen(act: ChangeAct): Event | undefined {
    if ((this.state === undefined) !== (act === 'created')) return undefined;
    this.#names += 1;
    const body = changes[act](this.world.store, this.userId, `Name ${this.#names}`) as { id: string };
    return this.witness.happened({
      id: body.id,
      text: JSON.stringify(body),
      takes: taking.has(act),
      begins: act === 'created',
      silentOn: silent[act] ?? [],
      state: this.state,
    });
  }

  /** Until it is accepted. */
  #tell(happen: () => Event | undefined): Attempt {
    let event: Event | undefined;
    let isHere = false;
    return this.until(
      () => !isHere || event === undefined || this.witness.isCommitted(event),
      async (adversary) => {
        if (!isHere) event = happen();
        isHere = true;
        const told = event;
        if (told === undefined) return;
        await this.invoke(adversary, async (by) => {
          const { status, body } = await userChangedJob(by).webhook(told.text, StoreHere.signed(told.text));
          by.note(`answers ${status} ${body.status ?? body.code}`);
          if (status === 202 && !this.witness.isCommitted(told)) this.accuse(`${body.status}, and it is not kept`);
        });
      },
    );
  }

  hear(event: UserChangedEvent): Attempt {
    return async (adversary) => {
      await this.invoke(adversary, async (by) => {
        await userChangedJob(by).hear(event, {}, { client: by.client, send: by.sendToStore });
      });
    };
  }

  sync(event: SyncEvent): Attempt {
    return async (adversary) => void (await this.invoke(adversary, (by) => syncJob(by)(event)));
  }

  signIn(): Attempt {
    return async (adversary) => {
      const begun = this.world.step();
      const claims = { sub: this.userId, name: 'Of the token' };
      const request = { routeKey: 'POST /v1/identity', claims, body: {} };
      await this.ask(identifyJob, request, adversary, (answer, by) => this.witness.answered(answer, by, begun));
    };
  }
}
