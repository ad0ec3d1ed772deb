import { describe, expect, it } from 'vitest';
import { policyOf } from '../../functions/env.ts';
import { checkStage } from '../../infra/check-stage.ts';
import { settingsOf, type StageConfig } from '../../infra/config.ts';
import { mistakesOf, sampleStage } from './sample-stage.ts';

describe('the order of the sources', () => {
  const portal = { kind: 'generic', name: 'portal' } as const;
  const hr = { kind: 'generic', name: 'hr' } as const;
  const orderOf = (...sources: NonNullable<StageConfig['sources']>) => {
    const settings = settingsOf(checkStage(sampleStage({ sources })), 1);
    return [settings.order, policyOf(settings).witnesses.map(({ source }) => source)];
  };

  it('is that of the list, then the back end, then the token', () => {
    expect(orderOf(portal, hr)).toEqual([undefined, ['portal', 'hr', 'api', 'token']]);
    expect(orderOf()).toEqual([undefined, ['api', 'token']]);
  });

  it.each([
    [
      [{ kind: 'token' }, portal],
      ['token', 'portal', 'api'],
    ],
    [
      [portal, { kind: 'token' }, hr],
      ['portal', 'token', 'hr', 'api'],
    ],
    [
      [{ kind: 'api' }, portal],
      ['api', 'portal', 'token'],
    ],
    [[{ kind: 'token' }], ['token', 'api']],
    [
      [{ kind: 'token' }, { kind: 'api' }, portal],
      ['token', 'api', 'portal'],
    ],
  ] satisfies [NonNullable<StageConfig['sources']>, string[]][])('is what the stage says: %j', (sources, order) => {
    expect(orderOf(...sources)).toEqual([order, order]);
    expect(checkStage(sampleStage({ sources })).sources.every(({ name }) => ['portal', 'hr'].includes(name))).toBe(
      true,
    );
  });

  it('names each source once', () => {
    const twice = 'must have names of their own, each once';
    expect(mistakesOf(sampleStage({ sources: [portal, portal] }))).toContain(twice);
    expect(mistakesOf(sampleStage({ sources: [{ kind: 'token' }, { kind: 'token' }] }))).toContain(twice);
  });
});

describe('a permission rule', () => {
  const grant = {
    knowledgeBases: [{ id: 'c0a80101-0000-4000-8000-000000000001', files: 'all', faqs: 'all' }],
  } as const;
  const withRule = (when: object, also: object = {}) => ({
    ...sampleStage(),
    sources: [],
    claims: {},
    permissions: {
      none: grant,
      rules: [
        { when: { role: 'staff' }, grant },
        { when, grant },
      ],
    },
    ...also,
  });
  const office = { attribute: 'office', equals: 'head' };
  const refusal = (what: string) =>
    `permissions.rules.1.when is over ${what}, which no source and no claim tells: have a source or a claim tell it, or declare`;

  it.each<[string, string, object]>([
    ['an attribute', 'attribute office', withRule(office)],
    ['one of several', 'attribute office', withRule({ all: [{ role: 'a' }, office] })],
    ['one of several, any', 'attribute office', withRule({ any: [office, { group: 'a' }] })],
    ['what every object has', 'attribute constructor', withRule({ attribute: 'constructor', equals: 'x' })],
    [
      'what another attribute is called',
      'attribute office',
      withRule(office, { claims: { attributes: { Office: 'o' } } }),
    ],
    [
      'what a source with attributes of its own does not map',
      'attribute office',
      withRule(office, { sources: [{ kind: 'generic', name: 'hr', fields: { attributes: { city: 'city' } } }] }),
    ],
    ['groups that tokens do not have', 'groups', withRule({ group: 'a' }, { claims: { groups: false } })],
    [
      'what the back end is not declared to send',
      'attribute office',
      withRule(office, { sources: [{ kind: 'api', attributes: ['city'] }] }),
    ],
  ])('over %s that nobody tells is refused', (_, what, stage) => {
    expect(mistakesOf(stage)).toContain(refusal(what));
  });

  it.each<[string, object]>([
    ['a claim', withRule(office, { claims: { attributes: { office: 'office' } } })],
    ['a source with any attribute', withRule(office, { sources: [{ kind: 'generic', name: 'hr' }] })],
    [
      'a mapping',
      withRule(office, {
        sources: [{ kind: 'clerk', name: 'c', fields: { attributes: { office: 'public_metadata.o' } } }],
      }),
    ],
    ['the declared back end', withRule(office, { sources: [{ kind: 'api', attributes: ['office'] }] })],
    [
      'the declared back end, of groups',
      withRule({ group: 'a' }, { sources: [{ kind: 'api' }], claims: { groups: false } }),
    ],
  ])('over what %s tells is taken', (_, stage) => {
    expect(mistakesOf(stage)).toBe('no mistake');
  });
});
