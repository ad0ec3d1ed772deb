import { parsedJson } from './body.ts';

/** Some megabytes. */
const linesMax = 40_000;

/** For a person at a terminal a line is made to be read; a program gets each one as it is. */
export function logFor(stream: NodeJS.WriteStream): (line: string) => void {
  return (line) => {
    const shown = stream.isTTY ? readable(line) : line;
    if (shown !== undefined) stream.write(`${shown}\n`);
  };
}

/** Of what a function says: when, which one, what. Of metrics, and of who it was about, nothing. */
export function readable(line: string): string | undefined {
  const said = parsedJson(line);
  if (typeof said !== 'object' || said === null) return line;
  const { timestamp, level, job, event, person: _, requestId: _id, ...more } = said as Record<string, unknown>;
  if (event === undefined) return undefined;
  const fields = Object.entries(more).map(([name, value]) => (name === 'route' ? value : `${name}=${String(value)}`));
  const loud = level === 'info' ? [] : [String(level).toUpperCase()];
  return [new Date(String(timestamp)).toTimeString().slice(0, 8), ...loud, job, event, ...fields].join('  ');
}

/** A log that also remembers the newest lines, as CloudWatch does for a deployed bridge. */
export function rememberedLog(log: (line: string) => void = logFor(process.stderr)) {
  const lines: string[] = [];
  return {
    log: (line: string): void => {
      lines.push(line);
      // A tenth at a time, so that not every line moves all others.
      if (lines.length > linesMax) lines.splice(0, linesMax / 10);
      log(line);
    },
    lines: (): readonly string[] => lines,
    linesAbout: (person: string): string[] =>
      lines.filter((line) => line.includes(`"person":${JSON.stringify(person)}`)),
  };
}
