/** What ends the process where something is left to look at: neither well (0) nor a failure (1). */
export const TO_LOOK_AT = 2;

/** Shows what a command has found: to a program as JSON, to people in lines. */
export function show(found: unknown, lines: Iterable<string>, json: boolean | undefined): void {
  if (json) console.log(JSON.stringify(found, undefined, 2));
  else for (const line of lines) console.log(line);
}
