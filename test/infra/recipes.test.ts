import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { StageConfig } from '../../infra/config.ts';
import { mistakesOf, sampleStage } from './sample-stage.ts';

const sections = readFileSync('docs/recipes.md', 'utf8').split(/^## /m).slice(1);
const recipes = sections.map((section) => [
  section.slice(0, section.indexOf('\n')),
  /```json\n(.*?)```/s.exec(section)?.[1] ?? '',
]);

it('is there for each provider', () => {
  expect(recipes.map(([provider]) => provider)).toEqual([
    'Keycloak',
    'Microsoft Entra ID',
    'Okta',
    'Auth0',
    'Amazon Cognito',
    'Clerk',
    'WorkOS',
  ]);
});

it.each(recipes)('the stage of %s is one that can be deployed', (_, json = '') => {
  expect(mistakesOf(sampleStage(JSON.parse(json) as Partial<StageConfig>))).toBe('no mistake');
});
