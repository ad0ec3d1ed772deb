import { describe, expect, it } from 'vitest';
import {
  SECOND_PASS_AFTER_MS,
  afterPage,
  nextEvaluationStep,
  type Evaluation,
} from '../../functions/rules/evaluation.ts';

const NOW = 1_800_000_000_000;
const more = { next: 'user#b', evaluated: 3, changed: 1 };
const last = { next: undefined, evaluated: 2, changed: 0 };
const begun = (deployment = 7): Evaluation => {
  const step = nextEvaluationStep(undefined, deployment, NOW);
  if (step.kind !== 'page') throw new Error(step.kind);
  return step.from;
};

describe('a segment', () => {
  it('is gone through twice, page by page, and counts what it met', () => {
    const first = afterPage(afterPage(begun(), more, NOW), last, NOW + 1);
    expect(first).toMatchObject({ pass: 2, evaluated: 5, changed: 1, progressedAt: NOW + 1, revision: 2 });
    expect(first.cursor).toBeUndefined();
    const second = afterPage(afterPage(first, more, NOW + 2), last, NOW + 3);
    expect(second).toMatchObject({ pass: 2, evaluated: 10, finishedAt: NOW + 3 });
    expect(nextEvaluationStep(second, 7, NOW + 4)).toEqual({ kind: 'finished' });
  });

  it('goes on where it was, and waits between its passes until no earlier function can run', () => {
    const inTheMiddle = afterPage(begun(), more, NOW);
    expect(nextEvaluationStep(inTheMiddle, 7, NOW)).toEqual({ kind: 'page', from: inTheMiddle });
    const between = afterPage(inTheMiddle, last, NOW);
    expect(nextEvaluationStep(between, 7, NOW + SECOND_PASS_AFTER_MS - 1)).toEqual({ kind: 'wait' });
    expect(nextEvaluationStep(between, 7, NOW + SECOND_PASS_AFTER_MS)).toEqual({ kind: 'page', from: between });
    const inTheSecond = afterPage(between, more, NOW);
    expect(nextEvaluationStep(inTheSecond, 7, NOW).kind).toBe('page');
  });

  it('begins again for a later deployment, also in the middle, and never for an earlier one', () => {
    const old = afterPage(afterPage(begun(), more, NOW), last, NOW);
    expect(nextEvaluationStep(old, 8, NOW + 5)).toEqual({
      kind: 'page',
      from: { ...begun(8), startedAt: NOW + 5, progressedAt: NOW + 5, revision: 2 },
    });
    expect(nextEvaluationStep(old, 6, NOW)).toEqual({ kind: 'superseded' });
  });
});
