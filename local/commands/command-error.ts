/** A command cannot go on; the message is one line for the person who gave it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
