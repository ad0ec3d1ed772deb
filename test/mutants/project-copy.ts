import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** What a copy does without: it is large, made anew by whoever needs it, or linked. */
const LEFT_OUT = new Set(['node_modules', '.git', 'cdk.out', 'dist']);

/** A copy of the project that may be weakened, with the dependencies linked. Never the project itself. */
export class ProjectCopy {
  readonly folder: string;

  constructor(project: string) {
    this.folder = mkdtempSync(join(tmpdir(), 'contact-bridge-mutants-'));
    cpSync(project, this.folder, {
      recursive: true,
      filter: (path) => path === project || !LEFT_OUT.has(basename(path)),
    });
    symlinkSync(join(project, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /** The text of a file by its path from the root. */
  readonly read = (file: string): string => readFileSync(join(this.folder, file), 'utf8');

  /** Puts texts in the place of files while `work` goes on, and the former ones back whatever becomes of it. */
  async with<Result>(texts: ReadonlyMap<string, string>, work: () => Promise<Result>): Promise<Result> {
    const before = new Map([...texts.keys()].map((file) => [file, this.read(file)]));
    this.#write(texts);
    try {
      return await work();
    } finally {
      this.#write(before);
    }
  }

  remove(): void {
    // Somebody who was just ended may have written a last file.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #write(texts: ReadonlyMap<string, string>): void {
    for (const [file, text] of texts) writeFileSync(join(this.folder, file), text);
  }
}
