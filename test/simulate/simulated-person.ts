import type { Link } from '../../functions/rules/contacts/link.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import type { SyncEvent } from '../../functions/sync.ts';
import { ChangeRig, sampleSources, event } from '../rigs/change-rig.ts';
import { call, type SampleAnswer } from '../rigs/gateway-event.ts';
import { TableUnreachable } from '../crash/invocation.ts';
import { crashSettings, identifyJob } from '../crash/jobs.ts';
import type { Act, Person } from '../crash/person.ts';
import type { Doc, SamplePerson } from '../crash/truth.ts';
import { SimulatedInvocation } from './simulated-invocation.ts';
import { SimulatedWitness } from './simulated-witness.ts';
import { sweepingSync } from './sweeping-sync.ts';
import type { Stage } from './stage.ts';

/** A request that is ready to be made; `keys` are what its invocation's random numbers follow from. */
export type Attempt = (name: string, keys: readonly number[]) => Promise<void>;

/** A first issue time of tokens, in seconds, long before the simulation. */
const ISSUED_AT_S = 1_760_000_000;

/** One user of a simulation, everybody who acts for that user, and the witness of all of it. */
export class SimulatedPerson {
  readonly witness: SimulatedWitness;
  readonly userId: string;
  readonly #stage: Stage;
  readonly #untold = new Set<Attempt>();
  #claims: Doc;
  #versions = 0;
  #firstTold: SamplePerson | undefined;
  /** True when somebody changed the contact at MaiAgent: the bridge only hears of it by an audit. */
  isTouchedByOthers = false;

  constructor(stage: Stage, number: number) {
    this.#stage = stage;
    this.userId = `person-${number}-of-${stage.story.seed}`;
    this.witness = new SimulatedWitness(stage, this.userId);
    stage.witnesses.set(this.userId, this.witness);
    this.#claims = this.#doc('token', 'updated', 'staff');
  }

  /** The same person for the crash tests' set-ups and verdict, which use no more of it than is here. */
  get asInCrashTests(): Person {
    return this as unknown as Person;
  }

  get pk(): string {
    return `user#${this.userId}`;
  }

  row(): Promise<Link | undefined> {
    return new DynamoLinkTable(this.#stage.client, 'Links', this.#stage.time).read(this.pk);
  }

  get isAllTold(): boolean {
    return this.#untold.size === 0;
  }

  /** Does something now, before or after all trouble. */
  perform(act: Act): Promise<void> {
    return this.#stage.time.until(this.prepare(act)(act, [0]));
  }

  /** What has not been answered with a success is told again by its sender. */
  async tellAgain(): Promise<void> {
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const attempt of untold) await this.#stage.time.until(attempt('told again', [0]));
  }

  /** Makes an attempt ready; what it says is true from now on, whenever it is sent. */
  prepare(act: Act): Attempt {
    switch (act) {
      case 'sign-in-anew':
        this.#claims = this.#doc('token', 'updated', 'partner');
        return this.#signIn(this.#claims);
      case 'sign-in':
        return this.#signIn(this.#claims);
      case 'put':
        return this.#put(this.#doc('api', 'updated', 'partner'));
      case 'put-created':
        return this.#put(this.#doc('api', 'created', 'staff'));
      case 'put-disabled':
        return this.#put({ ...this.#doc('api', 'updated', 'staff'), status: 'disabled' });
      case 'sync':
        return this.#sync({ Records: [{ dynamodb: { Keys: { pk: { S: this.pk } } } }] });
      case 'sweep':
        return this.#sync({ sweep: true });
      case 'audit':
        return this.#sync({ audit: true });
      default:
        return this.#tell(act.split('-')[1] as Doc['kind'], act.endsWith('-back'));
    }
  }

  /** Runs one invocation; resolves when it is done or dead. */
  async #invoke(
    [name, keys]: Parameters<Attempt>,
    run: (invocation: SimulatedInvocation) => Promise<void>,
  ): Promise<void> {
    const invocation = new SimulatedInvocation(name, keys, this.#stage, {
      step: () => this.witness.step(),
      // A sweep serves whoever is due.
      beforeCreate: async (sourceId, by) => this.#stage.witnessOf(sourceId)?.beforeCreate(sourceId, by),
    });
    await Promise.race([run(invocation), invocation.death]);
  }

  #around({ clock }: SimulatedInvocation) {
    const { ground, lines } = this.#stage;
    return { ground, clock, lines };
  }

  #signIn(doc: Doc): Attempt {
    const { name, email, role } = doc.person ?? { name: '', email: '', role: 'nobody' };
    const claims = { sub: this.userId, name, email, roles: [role], iat: ISSUED_AT_S + doc.version };
    const request = { routeKey: 'POST /v1/identity', claims, body: {} };
    return (...who) => this.#identify(request, doc, who);
  }

  async #identify(request: Parameters<typeof call>[1], doc: Doc, who: Parameters<Attempt>): Promise<void> {
    await this.#invoke(who, async (invocation) => {
      const begun = this.witness.sent(doc);
      const answer = await call(identifyJob(invocation, this.#around(invocation)), request);
      this.witness.answered(answer, doc, invocation, begun);
      this.#stage.note(invocation.name, `answers ${answer.status} ${answer.body.outcome ?? answer.body.code}`);
    });
  }

  #put(doc: Doc): Attempt {
    const { name, email, role } = doc.person ?? { name: '', email: '', role: 'nobody' };
    const rest = { ...(doc.status && { status: doc.status }), ...(doc.kind === 'created' && { create: true }) };
    const request = {
      routeKey: 'PUT /v1/users/{userId}',
      claims: { sub: 'back-end' },
      parameters: { userId: this.userId },
      body: { name, email, roles: [role], version: doc.version, ...rest },
    };
    return this.#untilAccepted(doc, (...who) => this.#identify(request, doc, who));
  }

  #tell(kind: Doc['kind'], isBack: boolean): Attempt {
    const news = this.#doc('generic', kind, kind === 'created' ? 'staff' : 'partner');
    this.#firstTold ??= news.person;
    const doc = isBack && this.#firstTold ? { ...news, person: this.#firstTold } : news;
    const { name, email, role } = doc.person ?? {};
    const sent = event(kind, this.userId, doc.version, doc.person && { name, email, roles: [role] });
    const tell: Attempt = (...who) =>
      this.#invoke(who, async (invocation) => {
        this.witness.sent(doc);
        const { ground, clock, lines } = this.#around(invocation);
        const table = { ...ground.table, client: invocation.table(ground.table.client) };
        const real = { ...ground, clock: { ...clock, advance: () => undefined }, lines, table };
        const rig = new ChangeRig(real, { ...crashSettings, sources: sampleSources });
        const answer: SampleAnswer = await rig.webhook(sent, { id: `${this.userId}-${doc.version}` });
        if (answer.status === 202) this.witness.accepted(doc);
        this.#stage.note(invocation.name, `answers ${answer.status} ${answer.body.status ?? answer.body.code}`);
      });
    return this.#untilAccepted(doc, tell);
  }

  #untilAccepted(doc: Doc, attempt: Attempt): Attempt {
    const again: Attempt = async (...who) => {
      await attempt(...who);
      if (!this.witness.isAccepted(doc)) this.#untold.add(again);
      else this.#untold.delete(again);
    };
    return again;
  }

  #sync(event: unknown): Attempt {
    return (...who) =>
      this.#invoke(who, async (invocation) => {
        // A sweep that cannot read ends as failed, and the next one comes a minute later.
        await sweepingSync(
          invocation,
          this.#stage,
        )(event as SyncEvent).catch((error: unknown) => {
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
