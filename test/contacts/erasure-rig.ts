import { afterAll, beforeAll } from 'vitest';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { isErased } from '../../functions/rules/contacts/link.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

/** The jobs over real parts for one test file, and words for those who are erased. */
export class ErasureRig {
  real!: RealDeps;
  rig!: ChangeRig;
  links!: DynamoLinkTable;

  constructor() {
    beforeAll(async () => {
      this.real = await startDeps({ settings: { sources: sampleSources } });
      this.rig = new ChangeRig(this.real);
      this.links = new DynamoLinkTable(this.real.table.client, 'Links', this.real.clock);
    });
    afterAll(() => this.real?.close());
  }

  /** Creates somebody, who has a contact then. */
  readonly created = async (userId: string, told?: Record<string, unknown>): Promise<void> => {
    await this.rig.webhook(event('created', userId, 1, told));
    await this.rig.settle();
  };
  /** Deletes somebody, whether known or not, and waits for the end of the erasure. */
  readonly gone = async (userId: string): Promise<void> => {
    await this.rig.webhook(event('deleted', userId, 9_000));
    await this.erased(`user#${userId}`);
  };

  /** So many sweeps, two minutes apart. */
  readonly sweeps = async (times: number): Promise<void> => {
    for (let sweep = 0; sweep < times; sweep += 1) {
      await this.rig.sync({ sweep: true });
      this.real.clock.advance(120_000);
    }
  };
  /** Sweeps each two minutes until the erasure of all of them is over. */
  readonly erased = async (...pks: string[]): Promise<void> => {
    for (let sweeps = 0; sweeps < 20; sweeps += 1) {
      await this.rig.sync({ sweep: true });
      const links = await Promise.all(pks.map((pk) => this.links.read(pk)));
      if (links.every((link) => link && isErased(link) && link.dueAt === undefined)) return;
      this.real.clock.advance(120_000);
    }
    throw new Error('something is still to be erased');
  };

  readonly visit = async (visitorToken?: string) =>
    (await call(this.real.job(), { routeKey: 'POST /v1/visitors', body: { visitorToken } })) as {
      status: number;
      body: { visitorToken: string; contactId: string };
    };
  readonly signIn = (userId: string, visitorToken: string) =>
    call(this.real.job(), {
      routeKey: 'POST /v1/identity',
      claims: { sub: userId, name: 'Token' },
      body: { visitorToken },
    });
}
