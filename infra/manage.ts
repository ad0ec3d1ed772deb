import { forRequests, Job } from './job.ts';
import { maiAgentVariables, type Parts } from './parts.ts';

/** The job `manage`: what the back office sees, erases and broadcasts. It only ever writes what is wanted: it sends nothing itself. */
export function manageJob(parts: Parts): Job<'manage'> {
  const { links, broadcasts, api } = parts;
  const job = new Job(parts, {
    name: 'manage',
    timeout: forRequests,
    variables: {
      LINKS_TABLE: links.variable(
        // Beside one link at a time: a preview counts who an audience is.
        links.may('GetItem', 'UpdateItem', 'BatchGetItem', 'Scan'),
        links.mayQuery('ByContact'),
      ),
      BROADCASTS_TABLE: broadcasts.variable(
        broadcasts.may('GetItem', 'BatchGetItem', 'PutItem', 'Query'),
        broadcasts.mayQuery('Listed'),
      ),
      ...maiAgentVariables(parts),
    },
  });
  api.serve(job);
  return job;
}
