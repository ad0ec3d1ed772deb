import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { HttpSend } from '../../functions/io/https.ts';

/** One invocation that may be killed before or after anything that it does at the table or at MaiAgent. */
export interface Mortal {
  readonly client: DynamoDBClient;
  readonly send: HttpSend;
  /** Runs it to its end or its death. */
  run(invocation: Promise<unknown>): Promise<'ended' | 'killed'>;
}

/** `dies` is asked twice at each boundary: before the effect and after it. What is dead does nothing more, and never hears an answer. */
export function mortal(ways: { client: DynamoDBClient; send: HttpSend }, dies: () => boolean): Mortal {
  let isDead = false;
  let bury: () => void = () => undefined;
  const death = new Promise<void>((resolve) => (bury = resolve));
  const forever = new Promise<never>(() => undefined);
  const mayDie = (): void => {
    isDead ||= dies();
    if (isDead) bury();
  };
  const cross = async <Answer>(effect: () => Promise<Answer>): Promise<Answer> => {
    mayDie();
    if (isDead) return forever;
    try {
      return await effect();
    } finally {
      mayDie();
      // The dead do not hear of their last effect, nor of its failure.
      if (isDead) await forever;
    }
  };
  return {
    client: { send: (command: never) => cross(() => ways.client.send(command)) } as unknown as DynamoDBClient,
    send: (request) => cross(() => ways.send(request)),
    run: (invocation) => Promise.race([invocation.then(() => 'ended' as const), death.then(() => 'killed' as const)]),
  };
}
