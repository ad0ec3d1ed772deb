import type { Write } from '../../functions/io/aws/conditional-update.ts';
import { clearDue } from '../../functions/io/aws/erasure-writes.ts';
import * as write from '../../functions/io/aws/link-writes.ts';
import { draft, isLeased, isOutstanding, type Draft, type Link } from '../../functions/rules/contacts/link.ts';
import { nextStep } from '../../functions/rules/contacts/next-step.ts';
import {
  afterPage,
  evaluated,
  nextEvaluationStep,
  SECOND_PASS_AFTER_MS,
  type Evaluation,
} from '../../functions/rules/evaluation.ts';
import { sampleUser } from '../rules/contacts/sample-links.ts';
import type { Breach, Kind, Model, Step } from './explore.ts';
import {
  after,
  breachIn,
  canonical,
  changed,
  isSettled,
  leaseOf,
  names,
  newestOf,
  nowOf,
  once,
  policies,
  startOf,
  without,
  type Evaluator,
  type FirstRole,
  type State,
  type Worker,
} from './settings-state.ts';

export const weaknesses = [
  'an earlier function evaluates what a later one has written',
  'a segment is gone through once',
  'the second pass does not wait',
  'the cursor moves before the page is written',
  'a page is written over what has come since',
  'what is evaluated is not due',
  'the id is handed out while the permissions differ',
  'a later function answers what the row says',
  'what was under way takes a loss out of its lane',
  'a confirmation does not look whether something newer is desired',
  'whoever takes a lease over keeps what was confirmed',
  'a lease ends while a request is under way',
  'other settings make a loss of one person less urgent',
] as const;
export type Weakness = (typeof weaknesses)[number];

/**
 * One link, two deployments: the functions of the first run on for a while beside those of the second. What is evaluated, what follows
 * and what is written is the code's own: `draft`, `evaluated`, `nextStep`, `nextEvaluationStep`, and the writes of `link-writes.ts` in the
 * words of DynamoDB. Only the order of the steps is written down here.
 */
export function settingsModel(first: FirstRole, weak?: Weakness): Model<State> {
  const has = (one: Weakness): boolean => weak === one;

  const drafted = once((row, words): Draft | 'outdated' => {
    const [by, kind] = words.split(' ');
    const isForgotten = has('an earlier function evaluates what a later one has written') && kind === 'evaluation';
    try {
      const change = kind === 'evaluation' ? undefined : changed;
      return draft(sampleUser, isForgotten ? { ...row, deployment: 0 } : row, change, policies[Number(by) as 1 | 2]);
    } catch {
      return 'outdated';
    }
  });

  /** Makes the row say what these settings and this change come to, as `recordChange` does; the row as it is where that is no news. */
  function recorded(state: State, by: 1 | 2, kind: 'change' | 'evaluation'): State | 'outdated' {
    const { row } = state;
    const next = drafted(row, `${by} ${kind}`);
    if (next === 'outdated') return 'outdated';
    if (!next.isNews) return state;
    const wanted = write.writeDesired(row, next, 'mark', undefined, nowOf(state));
    const { dueShard: _, dueAt: __, ...rest } = wanted.set ?? {};
    const isMass = kind === 'evaluation';
    const set = isMass && has('what is evaluated is not due') ? rest : { ...wanted.set };
    const isLess = isMass && has('other settings make a loss of one person less urgent');
    const becomes = after(row, { ...wanted, set: isLess ? { ...set, dueShard: next.urgency } : set }) ?? row;
    return { ...state, row: becomes, isUrgent: state.isUrgent || (!isMass && next.urgency === 'urgent') };
  }
  const settled = (state: State | 'outdated', otherwise: State): State => (state === 'outdated' ? otherwise : state);

  const isNews = (link: Link, by: 1 | 2): boolean => isOtherwise(link, String(by));
  const isOtherwise = once(
    (link, by) =>
      evaluated(
        has('an earlier function evaluates what a later one has written') ? { ...link, deployment: 0 } : link,
        policies[Number(by) as 1 | 2],
      ) !== undefined,
  );

  const step = (kind: Kind, does: string, to: State, breach?: Breach): Step<State> => ({ kind, does, to, breach });
  const functionsOf = ({ deployed, isOldAlive }: State): (1 | 2)[] => [
    ...(deployed === 2 ? [2 as const] : []),
    ...(isOldAlive ? [1 as const] : []),
  ];

  /** `identify`: evaluates, and answers what follows from the row. */
  function asks(state: State): Step<State>[] {
    return functionsOf(state).map((by) => {
      const isDeaf = by === 2 && has('a later function answers what the row says');
      const seen = {
        ...(isDeaf ? state : settled(recorded(state, by, 'evaluation'), state)),
        isAsked: state.isAsked || by === 2,
      };
      const next = nextStep(seen.row, nowOf(seen));
      const isAnswered = next.kind === 'answer' || has('the id is handed out while the permissions differ');
      const isWrong = isAnswered && seen.isAsked && seen.there !== newestOf(seen);
      const because = 'an id is handed out whose permissions are not those of the newest settings';
      return step('demand', `a function of ${by} is asked`, seen, isWrong ? { invariant: 10, because } : undefined);
    });
  }

  function tells(state: State): Step<State>[] {
    if (state.isChanged) return [];
    return functionsOf(state).flatMap((by) => {
      const next = recorded(state, by, 'change');
      // The sender sends it again.
      if (next === 'outdated') return [];
      return step('demand', `a function of ${by} hears of the other role`, {
        ...next,
        isChanged: true,
        isAsked: by === 2,
      });
    });
  }

  function works(state: State, index: 0 | 1): Step<State>[] {
    const [worker, name] = [state.workers[index], names[index]];
    const as = (to: Worker, others: State = state): State => ({
      ...others,
      workers: index === 0 ? [to, others.workers[1]] : [others.workers[0], to],
    });
    const idle: Worker = { at: 'idle' };
    if (worker.at === 'idle')
      return state.row.dueShard === undefined
        ? []
        : functionsOf(state).map((by) =>
            step('progress', `${name} of ${by} reads what is due`, as({ at: 'read', by, link: state.row })),
          );
    const { by, link } = worker;
    const dies = step('fault', `${name} dies`, as(idle));
    switch (worker.at) {
      case 'read': {
        const seen = isNews(link, by) ? settled(recorded(state, by, 'evaluation'), state) : state;
        return [
          dies,
          step(
            'progress',
            `${name} evaluates it`,
            as({ at: 'ready', by, link: isNews(link, by) ? seen.row : link }, seen),
          ),
        ];
      }
      case 'ready':
        return [
          dies,
          ...takes(state, link, by, name).map((to) =>
            step('progress', `${name} takes the lease`, as(to.worker, to.state)),
          ),
        ];
      case 'holding': {
        const wire = [...state.wire, { by: name, carries: link.desiredPermissions }];
        return [dies, step('progress', `${name} sends`, as({ ...worker, at: 'waiting' }, { ...state, wire }))];
      }
      case 'waiting': {
        const isOpen = state.wire.some((one) => one.by === name);
        return [
          dies,
          ...(isOpen ? [] : [step('progress', `${name} confirms`, as(idle, confirmed(state, link, name)))]),
        ];
      }
    }
  }

  function takes(state: State, link: Link, by: 1 | 2, name: string): { state: State; worker: Worker }[] {
    const now = nowOf(state);
    const idle = { state, worker: { at: 'idle' } as const };
    if (isLeased(link, now)) return [idle];
    if (!isOutstanding(link)) {
      const row = after(state.row, clearDue(link, now));
      return [row ? { ...idle, state: { ...state, row, isUrgent: false } } : idle];
    }
    const change = write.acquire(link, leaseOf(name), now);
    const kept = { ...change, remove: change.remove?.filter((one) => !one.startsWith('confirmed')) ?? [] };
    const row = after(state.row, has('whoever takes a lease over keeps what was confirmed') ? kept : change);
    if (!row) return [idle];
    return [
      { state: { ...state, row, isLeaseOver: false, isUrgent: false }, worker: { at: 'holding', by, link: row } },
    ];
  }

  function confirmed(state: State, link: Link, name: string): State {
    const sent = { hash: link.desiredHash, permissions: link.desiredPermissions, everyRequestAnswered: true };
    const weakened = (change: Write): Write => {
      if (has('what was under way takes a loss out of its lane') && change.compute)
        return without({ ...change, compute: {}, set: { ...change.set, dueShard: '0' } }, /^$/);
      if (!has('a confirmation does not look whether something newer is desired')) return change;
      return without(change, /desiredHash/);
    };
    const lease = leaseOf(name);
    const now = nowOf(state);
    const row =
      after(state.row, weakened(write.confirm(link, lease, sent, now))) ??
      after(state.row, weakened(write.confirmOutdated(link, lease, sent, now)));
    return row ? { ...state, row, isLeaseOver: false } : state;
  }

  /** What is under way takes effect, or is lost with its sender; a lease ends when neither can be any more. */
  function passes(state: State): Step<State>[] {
    const { wire, row, workers } = state;
    const owner = names.findIndex((name) => name === row.leaseOwner);
    const isWorked = owner >= 0 && ['holding', 'waiting'].includes(workers[owner]?.at ?? '');
    const isOpen = wire.length > 0 && !has('a lease ends while a request is under way');
    return [
      ...wire.map((one) =>
        step('progress', `MaiAgent does what ${one.by} sent`, {
          ...state,
          there: one.carries,
          wire: wire.filter((other) => other !== one),
        }),
      ),
      ...(row.leaseOwner !== undefined && !isWorked && !isOpen && !state.isLeaseOver
        ? [step('progress', 'the lease ends', { ...state, isLeaseOver: true })]
        : []),
    ];
  }

  function evaluates(state: State): Step<State>[] {
    if (state.deployed === 1) return [];
    const { evaluator } = state;
    const as = (to: Evaluator, others: State = state): State => ({ ...others, evaluator: to });
    const isEarly = state.isOldAlive && !has('the second pass does not wait');
    if (!evaluator) {
      const next = nextEvaluationStep(state.segment ?? undefined, 2, isEarly ? 0 : SECOND_PASS_AFTER_MS);
      if (next.kind !== 'page') return [];
      const from = { ...next.from, startedAt: 0, progressedAt: 0 };
      return [step('progress', 'the evaluation reads its page', as({ at: 'read', from, link: state.row }))];
    }
    const dies = step('fault', 'the evaluation dies', as(null));
    const { at, from, link } = evaluator;
    const isFirst = (at === 'read') !== has('the cursor moves before the page is written');
    const to = isFirst ? written(state, link) : moved(state, from);
    const does = isFirst ? 'the evaluation writes' : 'the evaluation moves its cursor';
    return [dies, step('progress', does, as(at === 'read' ? { at: 'written', from, link } : null, to))];
  }

  function written(state: State, link: Link): State {
    if (!isNews(link, 2)) return state;
    if (!has('a page is written over what has come since')) return settled(recorded(state, 2, 'evaluation'), state);
    const next = write.writeDesired(
      link,
      draft(sampleUser, link, undefined, policies[2]),
      'mark',
      undefined,
      nowOf(state),
    );
    return { ...state, row: after(state.row, without(next, /revision/)) ?? state.row };
  }

  function moved(state: State, from: Evaluation): State {
    if ((state.segment?.revision ?? 0) !== from.revision) return state;
    const next = afterPage(from, { next: undefined, evaluated: 0, changed: 0 }, 0);
    return { ...state, segment: has('a segment is gone through once') ? { ...next, finishedAt: 0 } : next };
  }

  return {
    start: startOf(first),
    steps: (state) => [
      ...(state.deployed === 1 ? [step('demand', 'the second deployment begins', { ...state, deployed: 2 })] : []),
      ...(state.deployed === 2 && state.isOldAlive && state.workers.every((one) => one.at === 'idle' || one.by === 2)
        ? [step('progress', 'the functions of the first are gone', { ...state, isOldAlive: false })]
        : []),
      ...asks(state),
      ...tells(state),
      ...([0, 1] as const).flatMap((index) => works(state, index)),
      ...evaluates(state),
      ...passes(state),
    ],
    breachIn,
    isSettled,
    canonical,
  };
}
