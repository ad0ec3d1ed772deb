import {
  goes,
  leaves,
  maySend,
  step,
  type Caller,
  type CreationState,
  type CreationStep,
  type Rules,
} from './creation-state.ts';

/** One caller in one state, with everything that its steps need. */
export interface Turn {
  readonly state: CreationState;
  readonly who: number;
  readonly name: string;
  readonly me: Caller;
  readonly rules: Rules;
}
export function goesTo(turn: Turn, kind: CreationStep['kind'], does: string, to: Partial<Caller>): CreationStep {
  const { state, who, name, me } = turn;
  return step(kind, `${name} ${does}`, goes(state, who, { ...me, ...to }));
}

/** Gives up and leaves; the lease stays where a request was not answered. */
export function ends(
  turn: Turn,
  kind: CreationStep['kind'],
  does: string,
  isAcknowledged = turn.me.isAcknowledged,
): CreationStep {
  const { state, who, name, rules } = turn;
  const left = rules.writes.giveUp(state.row, { owner: name, everyRequestAnswered: isAcknowledged }, rules.weakness);
  return step(kind, `${name} ${does} and gives up`, leaves({ ...state, row: left ?? state.row }, who));
}

export const isSent = ({ state, who, rules }: Turn): boolean =>
  maySend(state, who) || rules.weakness === 'deadline checked only once';

export const tooLate = (turn: Turn): CreationStep[] => [ends(turn, 'progress', 'has no time left to send')];
