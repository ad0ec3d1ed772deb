/** Some megabytes. */
const linesMax = 40_000;

const toStandardError = (line: string): void => void process.stderr.write(`${line}\n`);

/** A log that also remembers the newest lines, as CloudWatch does for a deployed bridge. */
export function rememberedLog(log: (line: string) => void = toStandardError) {
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
