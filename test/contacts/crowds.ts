import { afterAll, beforeAll } from 'vitest';
import { isClean } from '../../functions/rules/contacts/link.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { call } from '../rigs/gateway-event.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

export const CHANGED = 20;
export const live = httpSender();
const staff = { name: 'Sample', email: 'sample@corp.example', roles: ['staff'] };

export const reply = (status: number, headers: Record<string, string> = {}): Transport => ({
  kind: 'reply',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: '{}',
});

/** The jobs over real parts for one test file, and crowds of users that are due; of the bystanders nothing is due. */
export class Crowds {
  real!: RealDeps;
  rig!: ChangeRig;
  #stories = 0;

  constructor(bystanders = 0) {
    beforeAll(async () => {
      this.real = await startDeps({ settings: { sources: sampleSources } });
      this.rig = new ChangeRig(this.real);
      await this.#announce(Array.from({ length: bystanders }, (_, index) => `bystander-${index}`));
    });
    afterAll(() => this.real?.close());
  }

  async #announce(users: readonly string[]): Promise<void> {
    await this.#tell(users, 'created', 1, staff);
    await this.rig.settle();
  }

  async #tell(users: readonly string[], type: string, version: number, data: typeof staff): Promise<void> {
    for (let from = 0; from < users.length; from += 20)
      await Promise.all(users.slice(from, from + 20).map((user) => this.rig.webhook(event(type, user, version, data))));
  }

  /** Somebody whom nobody has told of. */
  readonly name = () => `story-${(this.#stories += 1)}`;
  readonly signIn = (sub: string) =>
    call(this.real.job(), { routeKey: 'POST /v1/identity', claims: { sub }, body: {} });

  /** Users with a contact: `poison` whose update gets an answer of its own, and others. */
  readonly crowd = async (poison = 0, answer: () => Transport = () => reply(500)) => {
    const name = this.name();
    const users = (what: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${name}-${what}-${index}`);
    const [poisoned, changed] = [users('poison', poison), users('changed', CHANGED)];
    await this.#announce([...poisoned, ...changed]);
    const idsOf = (users: readonly string[]) => users.flatMap((user) => this.rig.contactsOf(user).map(({ id }) => id));
    const ids = { poisoned: idsOf(poisoned), changed: idsOf(changed) };
    let isDown = false;
    const calls = { all: 0, whileDown: 0, atLastChange: 0 };
    const send: HttpSend = (request) => {
      calls.all += 1;
      if (isDown) {
        calls.whileDown += 1;
        return Promise.resolve({ kind: 'not-sent' });
      }
      const isUpdateOf = (those: readonly string[]) =>
        request.method === 'PATCH' && those.some((id) => request.url.pathname.includes(id));
      if (isUpdateOf(ids.changed)) calls.atLastChange = calls.all;
      return isUpdateOf(ids.poisoned) ? Promise.resolve(answer()) : live(request);
    };
    return {
      poisoned,
      changed,
      calls,
      send,
      down: (value: boolean) => void (isDown = value),
      change: (who: readonly string[], version: number) =>
        this.#tell(who, 'updated', version, { ...staff, name: `Name ${version}` }),
      sweep: async () => {
        await this.rig.sync({ sweep: true }, { send });
        this.real.clock.advance(60_000);
      },
      clean: async () => {
        const links = await Promise.all(changed.map((user) => this.rig.link(user)));
        return links.filter((link) => link && isClean(link)).length;
      },
    };
  };
}
