import { forRequests, Job, readable } from './job.ts';
import { maiAgentVariables, type Parts } from './parts.ts';

/** The job `identify`: what it is told, what it may touch, and which routes reach it. */
export function identifyJob(parts: Parts): Job<'identify'> {
  const { links, secrets, api, stage } = parts;
  // What is being withdrawn is read together with each user.
  const reads = stage.sources.some(({ kind }) => kind === 'scim') ? (['BatchGetItem'] as const) : [];
  const job = new Job(parts, {
    name: 'identify',
    timeout: forRequests,
    variables: {
      LINKS_TABLE: links.variable(links.may('GetItem', 'UpdateItem', ...reads)),
      ...maiAgentVariables(parts),
      VISITOR_SIGNING_SECRET: readable(secrets.visitorSigningArn),
    },
  });
  api.serve(job);
  return job;
}
