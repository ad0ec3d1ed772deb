import { createHash } from 'node:crypto';
import type { Fate } from '../../changes/judge-ledger.ts';
import { inboxId } from '../../rigs/real-parts.ts';
import { Campaign, type Meant } from '../broadcasts/campaign.ts';
import { settleCampaigns } from '../broadcasts/settle.ts';
import { judgeChange } from '../contacts/judge-change.ts';
import { judgeReceipt } from '../contacts/judge-receipt.ts';
import { Person } from '../contacts/person.ts';
import { settlePeople } from '../contacts/settle.ts';
import { setUp } from '../contacts/setups.ts';
import { families, randomOf } from '../random.ts';
import { World, type Happening } from '../world.ts';
import { Seeded } from './seeded.ts';
import type { Plot, Story } from './story.ts';
import { Timers, type Players } from './timers.ts';

/** What came of a story. */
export interface Outcome {
  readonly story: Story;
  readonly accusations: readonly string[];
  readonly happenings: readonly Happening[];
  /** How many calls were made while there was trouble, and how many met some. */
  readonly calls: number;
  readonly troubles: number;
  /** What became of the user store's deliveries, where some of them could not be taken at first. */
  readonly fates: readonly Fate[];
  /** The same for two runs that went the same way to the same end. */
  readonly trace: () => string;
}

const CHATTED_LIKELIHOOD = 0.8;

/** Plays one story to its end: set-up, everybody at once under trouble, recovery, verdict. */
export async function runStory(story: Story): Promise<Outcome> {
  const { uniqueness, switches, indexLagMs, weakness } = story;
  const world = await World.open({ switches: { uniqueness, ...switches }, indexLagMs, weakness });
  return world.time.run(play(story, world));
}

async function play(story: Story, world: World): Promise<Outcome> {
  const people = new Map(
    story.people.map(({ number }) => [number, new Person(world, `person-${number}-of-${story.seed}`)]),
  );
  for (const { number, setup } of story.people) {
    const person = people.get(number);
    if (person) await setUp(setup, person);
  }
  const everybody = [...people.values()];
  const campaigns = new Map(story.broadcasts.map((plot) => [plot.number, publish(plot, story, world, people)]));
  await world.time.sleep(1_000);
  const wrong = new Set<string>();
  world.changed.push((change) => wrong.add(judgeChange(change) ?? ''));
  world.changed.push(() => everybody.forEach((one) => judgeReceipt(one)));
  const players = { people, campaigns };
  Timers.start(story, world, players);
  world.isRough = true;
  begin(story, world, players);
  await world.time.quiet();
  world.isRough = false;
  world.scheduler.occurs = undefined;
  const happened = [...world.happenings];
  await settleCampaigns([...campaigns.values()], true);
  // In half of the stories nobody signs in before all is right.
  await settlePeople(everybody, story.seed % 2 === 1);
  wrong.delete('');
  const seen = [...everybody, ...campaigns.values()].flatMap(({ accusations }) => accusations);
  return {
    story,
    accusations: [...new Set([...wrong, ...seen, ...world.bugs()])],
    happenings: happened,
    calls: happened.filter(({ what }) => /^(table|maiagent|scheduler):\S+( \(|$)/.test(what)).length,
    fates: everybody.flatMap(({ fates }) => fates),
    troubles: happened.filter(({ trouble }) => trouble?.includes(' call ')).length,
    trace: () => traceOf(world),
  };
}

/** Most people have chatted before, and can be written to. Nobody else can, so that only stories with broadcasts need them. */
function publish(plot: Plot, story: Story, world: World, people: ReadonlyMap<number, Person>): Campaign {
  const { store } = world.maiAgent;
  const contactIds = [...people].flatMap(([number, { userId }]) => {
    const own = store.liveContacts.find((one) => one.sourceId === userId && one.inboxes.includes(inboxId));
    const random = randomOf(story.seed, families.conversation, number);
    const hasChatted = own && random.isLikely(CHATTED_LIKELIHOOD);
    if (hasChatted && store.conversationsOf(own.id).length === 0) store.addConversation(own.id);
    return own ? [own.id] : [];
  });
  const userIds = [...people.values()].map(({ userId }) => userId);
  const { latenessMinutes, schedule, aheadMs } = plot;
  const scheduleAt = (nowMs: number): object => {
    if (schedule === 'now') return { kind: 'now' };
    // Rates as short as they may be: two runs that say the same come close to each other.
    if (schedule === 'rate') return { kind: 'rate', rate: '15 minutes' };
    return { kind: 'at', at: new Date(nowMs + aheadMs).toISOString().slice(0, 19), timeZone: 'UTC' };
  };
  return new Campaign(world, {
    message: `Message ${plot.number} of ${story.seed}`,
    meant: meantBy(plot, userIds, contactIds),
    schedule: scheduleAt,
    latenessMinutes,
    mayBeRefused: true,
  });
}

function meantBy({ audience, ghosts }: Plot, userIds: readonly string[], contactIds: readonly string[]): Meant {
  const others = { isMeant: () => true, talker: contactIds[0] };
  if (audience === 'all') return { ...others, body: { audience: { kind: 'all' }, confirm: 'all' }, named: undefined };
  if (audience === 'contacts' && contactIds.length > 0)
    return { ...others, body: { audience: { kind: 'contacts', contactIds } }, named: contactIds };
  const nobodies = Array.from({ length: ghosts }, (_, index) => `nobody-${index}`);
  const all = [...userIds.slice(0, 1), ...nobodies, ...userIds.slice(1)];
  const named = all.map((userId) => `user#${userId}`);
  return { ...others, body: { audience: { kind: 'users', userIds: all } }, named };
}

/** Everything that is said is ready before the first of it is sent, so that it can overtake each other. */
function begin(story: Story, world: World, { people, campaigns }: Players): void {
  const planned = new Map<number, (() => void)[]>();
  for (const step of story.steps) {
    const { number, act, atMs, againAtMs, since } = step;
    const isOfPerson = 'person' in step;
    const attempt = isOfPerson
      ? people.get(step.person)?.prepare(step.act)
      : campaigns.get(step.broadcast)?.prepare(step.act);
    if (!attempt) continue;
    const name = `step ${number}, ${act} of ${isOfPerson ? `person ${step.person}` : `broadcast ${step.broadcast}`}`;
    const start = (ms: number, who: string, family: number): void =>
      world.time.in(ms, () => {
        const adversary = new Seeded(who, [family, number], isOfPerson ? 'links' : 'broadcasts', story, world);
        world.start(attempt(adversary), who);
      });
    const happen = (): void => {
      start(atMs, name, families.step);
      if (againAtMs !== undefined) start(againAtMs, `${name}, once more`, families.repeat);
    };
    if (since === undefined) happen();
    else planned.set(since, [...(planned.get(since) ?? []), happen]);
  }
  // Something may happen when the first run of a broadcast is planned, and can be sent; perhaps never.
  world.changed.push(({ after }) => {
    if (!world.isRough || after?.['isPlanned']?.BOOL !== true) return;
    const own = [...campaigns].find(([, { broadcastId }]) => `broadcast#${broadcastId}` === after['pk']?.S);
    const happenings = planned.get(own?.[0] ?? -1) ?? [];
    planned.delete(own?.[0] ?? -1);
    for (const happen of happenings) happen();
  });
}

const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;

/** Ids that are random by nature are named by the order in which they turn up. */
function traceOf(world: World): string {
  const names = new Map<string, string>();
  const { store } = world.maiAgent;
  const rows = [...world.rows('Links'), ...world.rows('Broadcasts')];
  const happened = world.happenings.map(({ atMs, who, what }) => `${atMs} ${who} ${what}`);
  const text = [...happened, ...[...rows, ...store.contacts, ...store.conversations].map((one) => JSON.stringify(one))]
    .join('\n')
    .replaceAll(UUID, (id) => {
      const name = names.get(id) ?? `id ${names.size}`;
      names.set(id, name);
      return name;
    });
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
