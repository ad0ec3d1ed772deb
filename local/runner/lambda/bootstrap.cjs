'use strict';
// One execution environment of one function: loads the handler, then runs one invocation at a time for its parent.
// CommonJS, because it is started often and loads 40 ms sooner than the same file as TypeScript.
const { existsSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const send = process.send.bind(process);
// The handler sees a process without a parent, as in Lambda.
process.send = undefined;
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; the parent decides when this process ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

const [file, exportName] = process.env._HANDLER.split('.');
let handler;
let broken;
// As Lambda's own runtime: an ES module is awaited to its end.
async function load() {
  const place = path.join(process.env.LAMBDA_TASK_ROOT, file);
  try {
    const isModule = existsSync(`${place}.mjs`);
    const loaded = isModule ? await import(pathToFileURL(`${place}.mjs`)) : require(place);
    handler = loaded[exportName];
    if (typeof handler !== 'function') throw new Error(`${process.env._HANDLER} is not a function`);
  } catch (error) {
    broken = error;
  }
  send({ kind: 'ready' });
}
void load();

process.on('message', async ({ id, event, deadlineAtMs }) => {
  try {
    if (broken) throw broken;
    const result = await handler(JSON.parse(event), contextOf(id, deadlineAtMs));
    send({ kind: 'answered', id, payload: JSON.stringify(result === undefined ? null : result) });
  } catch (error) {
    const told = failure(error);
    // As Lambda's own runtime does: the error that left the handler is in the function's log.
    process.stderr.write(`${JSON.stringify({ level: 'ERROR', message: 'Invoke Error', ...told })}\n`);
    send({ kind: 'failed', id, ...told });
  }
});

function contextOf(awsRequestId, deadlineAtMs) {
  const { AWS_LAMBDA_FUNCTION_NAME: functionName } = process.env;
  return {
    awsRequestId,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${process.env.AWS_REGION}:000000000000:function:${functionName}`,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineAtMs - Date.now()),
  };
}

function failure(error) {
  const { name = 'Error', message = String(error), stack = '' } = error instanceof Error ? error : {};
  return { errorType: name, errorMessage: message, stackTrace: stack.split('\n').slice(0, 20) };
}
