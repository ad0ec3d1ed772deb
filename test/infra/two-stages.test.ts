import { expect, it } from 'vitest';
import { sampleStage, wholeStage } from './sample-stage.ts';
import { synthesized, type Resource } from './synthesized.ts';

/**
 * Every name that a template gives itself: an account has each of them once, some of them for all its regions. The names of policies, of an API's
 * authorizer and the like belong to what they are in.
 */
const namesIn = (resources: Record<string, Resource>): string[] =>
  Object.values(resources).flatMap(({ Type, Properties }) =>
    Type === 'AWS::ApiGatewayV2::Authorizer'
      ? []
      : Object.entries(Properties)
          .filter(
            ([key, value]) =>
              key.endsWith('Name') && typeof value === 'string' && !/(Stage|Attribute|Metric|Policy)Name$/.test(key),
          )
          .map(([key, value]) => `${Type} ${key} ${String(value)}`),
  );

it.each([
  ['two regions', { aws: { account: '123456789012', region: 'ap-northeast-1' } }],
  ['two audiences', { tokens: { issuer: 'https://login.corp.example/', audience: ['partners'] } }],
])('two stages of one account, for %s, share no name', async (_, other) => {
  const one = namesIn((await synthesized(sampleStage({ stage: 'members' }))).resources);
  const two = namesIn((await synthesized(sampleStage({ ...other, stage: 'others' }))).resources);
  expect(one.length).toBeGreaterThan(10);
  expect(one.filter((name) => two.includes(name))).toEqual([]);
});

it('a stage with every option on names nothing that another stage has', async () => {
  const one = namesIn((await synthesized(wholeStage)).resources);
  const two = namesIn((await synthesized(sampleStage({ stage: 'others' }))).resources);
  expect(one.filter((name) => two.includes(name))).toEqual([]);
});
