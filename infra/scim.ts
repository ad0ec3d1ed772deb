import { forRequests, Job, readable } from './job.ts';
import type { Parts } from './parts.ts';
import { addSchedules } from './schedules.ts';

/** The job `scim`, where a stage declares a directory: takes its users and groups, and carries large groups into the links each minute. */
export function scimJob(parts: Parts): Job | undefined {
  const { stage, links, secrets, api } = parts;
  if (!stage.sources.some(({ kind }) => kind === 'scim')) return undefined;
  const job = new Job(parts, {
    name: 'scim',
    timeout: forRequests,
    variables: {
      LINKS_TABLE: links.variable(
        // A transaction asks for the permissions of the writes in it.
        links.may('GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem'),
        links.mayQuery('Due'),
      ),
      SOURCE_SECRETS: readable(secrets.sourceSecretsArn),
    },
  });
  api.serve(job);
  addSchedules(job, { Carry: { every: 'rate(1 minute)', event: { carry: true } } });
  return job;
}
