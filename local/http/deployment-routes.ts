import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { readJson, sendJson } from './local-http.ts';
import type { InvocationResult } from '../runner/lambda/environment.ts';

/** What a program on this machine may ask of the bridge past its API, as it would ask AWS of a deployed one. */
export interface DeploymentParts {
  /** Runs one function by its name. Rejects for a name that the stack does not have. */
  readonly invoke: (functionName: string, event: unknown) => Promise<InvocationResult>;
  readonly deployment: () => LocalDeployment;
  /** What the log has said of the person with this pseudonym, the oldest line first. */
  readonly linesAbout: (person: string) => readonly string[];
}

/** Where the parts of the bridge on this machine are. */
export interface LocalDeployment {
  readonly dynamoDbEndpoint: string;
  readonly linksTable: string;
  /** The names of the sources of changes. */
  readonly sources: readonly string[];
}

const invokeSchema = z.strictObject({
  functionName: z.string().check(z.minLength(1), z.maxLength(140)),
  event: z.unknown(),
});

const logsSchema = z.strictObject({ person: z.string().check(z.minLength(1), z.maxLength(140)) });

/**
 * Answers `POST /local/invoke` with `{functionName, event}` (how the invocation ended) `POST /local/logs` with `{person}` (the
 * lines about them), and `GET /local/deployment`; false for any other request. To be put behind `isFromThisMachine`: it runs every function with every event.
 */
export function deploymentRoutes(
  parts: DeploymentParts,
): (req: IncomingMessage, res: ServerResponse) => Promise<boolean> {
  return async (req, res) => {
    switch (`${req.method} ${req.url}`) {
      case 'GET /local/deployment':
        sendJson(res, 200, parts.deployment());
        return true;
      case 'POST /local/logs': {
        const { success, data } = z.safeParse(logsSchema, await readJson(req));
        if (success) sendJson(res, 200, { lines: parts.linesAbout(data.person) });
        else sendJson(res, 400, { message: 'send {"person"}' });
        return true;
      }
      case 'POST /local/invoke': {
        const { success, data, error } = z.safeParse(invokeSchema, await readJson(req));
        if (!success) sendJson(res, 400, { message: `send {"functionName", "event"}: ${z.prettifyError(error)}` });
        else await answerInvocation(res, parts, data);
        return true;
      }
      default:
        return false;
    }
  };
}

async function answerInvocation(
  res: ServerResponse,
  { invoke }: DeploymentParts,
  { functionName, event }: z.infer<typeof invokeSchema>,
): Promise<void> {
  try {
    sendJson(res, 200, await invoke(functionName, event));
  } catch (error) {
    sendJson(res, 404, { message: error instanceof Error ? error.message : String(error) });
  }
}
