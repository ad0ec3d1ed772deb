import type { Link } from '../../functions/rules/contacts/link.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { ChangeRig, sampleSources, event } from '../rigs/change-rig.ts';
import { call, type SampleAnswer } from '../rigs/gateway-event.ts';
import { CaseClock } from './case-clock.ts';
import type { Gauntlet, World } from './gauntlet.ts';
import { Invocation, TableUnreachable } from './invocation.ts';
import { crashSettings, identifyJob, syncJob, type Ground } from './jobs.ts';
import type { Doc, SamplePerson } from './truth.ts';
import { Witness } from './witness.ts';

/** What can be done to a user, or on a user's behalf. */
export type Act =
  | 'sign-in'
  | 'sign-in-anew'
  | 'put'
  | 'put-created'
  | 'put-disabled'
  | `told-${Doc['kind']}`
  // The very fields that the store told first, in a newer document: what was wanted before is wanted again.
  | 'told-updated-back'
  | 'told-created-back'
  | 'sync'
  | 'sweep'
  | 'audit';

/** A request that is ready to be made, any number of times. */
export type Attempt = (gauntlet?: Gauntlet) => Promise<void>;

/** A first issue time of tokens, in seconds, long before every clock here. */
const ISSUED_AT_S = 1_760_000_000;

/** One user of one case, with everybody who acts for that user, and the witness of all of it. */
export class Person {
  readonly clock = new CaseClock();
  readonly witness: Witness;
  readonly lines: string[] = [];
  readonly #ground: Ground;
  readonly userId: string;
  readonly #late: { effect: () => Promise<unknown>; when: Parameters<World['later']>[1]; untilMs: number }[] = [];
  readonly #untold: Attempt[] = [];
  #claims: Doc;
  #versions = 0;
  #firstTold: SamplePerson | undefined;
  /** True when somebody changed the contact at MaiAgent: the bridge only hears of it by an audit. */
  isTouchedByOthers = false;
  /** What others do while a caller is held or frozen. */
  rival: readonly Act[] = ['sync', 'sign-in'];

  constructor(ground: Ground, userId: string) {
    this.#ground = ground;
    this.userId = userId;
    this.witness = new Witness(ground, userId, this.clock);
    this.#claims = this.#doc('token', 'updated', 'staff');
  }

  get pk(): string {
    return `user#${this.userId}`;
  }

  row(): Promise<Link | undefined> {
    return new DynamoLinkTable(this.#ground.table.client, 'Links', this.clock).read(this.pk);
  }

  /** Makes an attempt ready; its document gets its version now, whenever it is sent. */
  prepare(act: Act): Attempt {
    switch (act) {
      case 'sign-in':
        return (gauntlet) => this.#signIn(this.#claims, gauntlet);
      case 'sign-in-anew': {
        const claims = this.#doc('token', 'updated', 'partner');
        this.#claims = claims;
        return (gauntlet) => this.#signIn(claims, gauntlet);
      }
      case 'put':
        return this.#put(this.#doc('api', 'updated', 'partner'));
      case 'put-created':
        return this.#put(this.#doc('api', 'created', 'staff'));
      case 'put-disabled':
        return this.#put({ ...this.#doc('api', 'updated', 'staff'), status: 'disabled' });
      case 'sync':
        return (gauntlet) => this.#sync({ Records: [{ dynamodb: { Keys: { pk: { S: this.pk } } } }] }, gauntlet);
      case 'sweep':
        return (gauntlet) => this.#sync({ sweep: true }, gauntlet);
      case 'audit':
        return (gauntlet) => this.#sync({ audit: true }, gauntlet);
      default:
        return this.#tell(act.split('-')[1] as Doc['kind'], act.endsWith('-back'));
    }
  }

  perform(act: Act, gauntlet?: Gauntlet): Promise<void> {
    return this.prepare(act)(gauntlet);
  }

  /** What has not been answered with a success is told again by its sender. */
  async tellAgain(): Promise<void> {
    for (const attempt of this.#untold.splice(0)) await attempt();
  }

  get isAllTold(): boolean {
    return this.#untold.length === 0;
  }

  /** Everything that was kept for later happens: first what comes within a lease, then, when it is over, what comes once more. */
  async afterwards(): Promise<void> {
    if (this.#late.length > 0) await this.#others();
    await this.#flush('within-the-lease');
    if (this.#late.length === 0) return;
    await this.#stall();
    await this.#flush('after-the-lease');
  }

  async #flush(when: Parameters<World['later']>[1]): Promise<void> {
    const due = this.#late.filter((one) => one.when === when);
    this.#late.splice(0, this.#late.length, ...this.#late.filter((one) => one.when !== when));
    for (const { effect, untilMs } of due) {
      if (when === 'within-the-lease' && this.clock.now() > untilMs)
        this.witness.accuse('the test is wrong: a late call came after the lease');
      await effect().catch(() => undefined);
    }
  }

  /** A lease passes, with all that can come within it, and others act. */
  async #stall(): Promise<void> {
    await this.#flush('within-the-lease');
    this.clock.advance(crashSettings.leaseMs + 1_000);
    await this.#others();
  }

  async #others(): Promise<void> {
    for (const act of this.rival) await this.perform(act);
  }

  /** Runs one invocation; resolves when it is done or dead. */
  async #invoke(gauntlet: Gauntlet | undefined, run: (invocation: Invocation) => Promise<void>): Promise<void> {
    let die = (): void => undefined;
    const death = new Promise<void>((resolve) => {
      die = resolve;
    });
    const world: World = {
      elapsed: this.clock.elapsed,
      advance: (ms) => this.clock.advance(ms),
      killed: () => die(),
      stall: () => this.#stall(),
      // The lease was taken before the call by less than all the time that there is to send.
      later: (effect, when) =>
        void this.#late.push({
          effect,
          when,
          untilMs: this.clock.now() + crashSettings.leaseMs - crashSettings.sendBudgetMs,
        }),
    };
    await Promise.race([run(new Invocation(gauntlet, world, this.witness)), death]);
  }

  #around() {
    return { ground: this.#ground, clock: this.clock, lines: this.lines };
  }

  #signIn(doc: Doc, gauntlet?: Gauntlet): Promise<void> {
    const { name, email, role } = doc.person ?? { name: '', email: '', role: 'nobody' };
    const claims = { sub: this.userId, name, email, roles: [role], iat: ISSUED_AT_S + doc.version };
    const request = { routeKey: 'POST /v1/identity', claims, body: {} };
    return this.#identify(request, doc, gauntlet);
  }

  async #identify(request: Parameters<typeof call>[1], doc: Doc, gauntlet: Gauntlet | undefined): Promise<void> {
    await this.#invoke(gauntlet, async (invocation) => {
      const begun = this.witness.sent(doc);
      const answer = await call(identifyJob(invocation, this.#around()), request);
      this.witness.answered(answer, doc, invocation, begun);
    });
  }

  #put(doc: Doc): Attempt {
    const { name, email, role } = doc.person ?? { name: '', email: '', role: 'nobody' };
    const attempt: Attempt = async (gauntlet) => {
      const body = {
        name,
        email,
        roles: [role],
        version: doc.version,
        ...(doc.status && { status: doc.status }),
        ...(doc.kind === 'created' && { create: true }),
      };
      const request = {
        routeKey: 'PUT /v1/users/{userId}',
        claims: { sub: 'back-end' },
        parameters: { userId: this.userId },
        body,
      };
      await this.#identify(request, doc, gauntlet);
      if (!this.witness.isAccepted(doc)) this.#untold.push(attempt);
    };
    return attempt;
  }

  #tell(kind: Doc['kind'], isBack: boolean): Attempt {
    const news = this.#doc('generic', kind, kind === 'created' ? 'staff' : 'partner');
    this.#firstTold ??= news.person;
    const doc = isBack && this.#firstTold ? { ...news, person: this.#firstTold } : news;
    const { name, email, role } = doc.person ?? {};
    const sent = event(kind, this.userId, doc.version, doc.person && { name, email, roles: [role] });
    const attempt: Attempt = async (gauntlet) => {
      await this.#invoke(gauntlet, async (invocation) => {
        this.witness.sent(doc);
        const client = invocation.table(this.#ground.table.client);
        const real = {
          ...this.#ground,
          clock: this.clock,
          lines: this.lines,
          table: { ...this.#ground.table, client },
        };
        const rig = new ChangeRig(real, { ...crashSettings, sources: sampleSources });
        const answer: SampleAnswer = await rig.webhook(sent, { id: `${this.userId}-${doc.version}` });
        if (answer.status === 202) this.witness.accepted(doc);
      });
      if (!this.witness.isAccepted(doc)) this.#untold.push(attempt);
    };
    return attempt;
  }

  async #sync(event: unknown, gauntlet: Gauntlet | undefined): Promise<void> {
    await this.#invoke(gauntlet, async (invocation) => {
      // A sweep that cannot read ends as failed, and the next one comes a minute later.
      await syncJob(
        invocation,
        this.#around(),
        this.pk,
      )(event as never).catch((error: unknown) => {
        if (!(error instanceof TableUnreachable)) throw error;
      });
    });
  }

  #doc(by: Doc['by'], kind: Doc['kind'], role: SamplePerson['role']): Doc {
    this.#versions += 1;
    const version = this.#versions;
    const hasFields = kind === 'created' || kind === 'updated';
    const person = { name: `${by} ${version}`, email: `${by}${version}@corp.example`, role };
    return { by, kind, version, ...(hasFields && { person }) };
  }
}
