import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import project from '../../package.json' with { type: 'json' };

const commands = [...readFileSync('docs/pipelines/github-actions.yml', 'utf8').matchAll(/- run: (.*)/g)].map(
  ([, command = '']) => command,
);
const policies = [...readFileSync('docs/deployment.md', 'utf8').matchAll(/```json\n(.*?)```/gs)].map(
  ([, json = '']) => JSON.parse(json) as { Statement: { Action: string | string[] }[] },
);

it('the pipeline runs scripts of this project, and asks before nobody', () => {
  const run = commands.flatMap((command) => /^npm (?:run )?(\w+)/.exec(command)?.[1] ?? []);
  expect(run).toEqual(['ci', 'test', 'synth', 'ci', 'deploy', 'deploy']);
  expect(run.filter((name) => name !== 'ci' && !(name in project.scripts))).toEqual([]);
  const flags = new Set(commands.join(' ').match(/--[a-z-]+/g));
  const help = ['infra/deploy.ts', 'infra/app.ts'].map((file) => readFileSync(file, 'utf8')).join('\n');
  expect([...flags].filter((flag) => flag !== '--offline' && !help.includes(`('${flag}`))).toEqual([]);
});

it('the role of the pipeline may ask what a deployment and the doctor ask, and no more', () => {
  const files = ['infra/account.ts', 'local/deployed/patient.ts'];
  const asked = files.flatMap(
    (file) => readFileSync(file, 'utf8').match(/(?<=new )\w+(?=Command\()|(?<=paginate)\w+(?=\()/g) ?? [],
  );
  const granted = policies[1]?.Statement[1]?.Action as string[];
  const destroys = ['DeleteStack', 'UpdateTerminationProtection'];
  const needsNothing = ['GetCallerIdentity'];
  expect([...new Set(asked)].filter((one) => ![...destroys, ...needsNothing].includes(one)).toSorted()).toEqual(
    granted.map((action) => action.replace(/.*:/, '')).toSorted(),
  );
});
