import { redFiles } from './run-tests.ts';
import type { Tests } from './tests-for.ts';

/** Which test files fail without any mutant: they would seem to catch every one. Asked before the first weakening of a run of tests. */
export class Baseline {
  readonly #folder: string;
  readonly #looked = new Set<string>();
  readonly #red = new Set<string>();

  /** `folder` holds the project, not weakened whenever this is asked. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The files among these tests, and among those asked for before, that cannot be used. */
  async redAmong(tests: Tests): Promise<readonly string[]> {
    const unknown = tests.filter((one) => !this.#looked.has(one));
    const failed = unknown.length > 0 ? await redFiles(this.#folder, unknown) : [];
    // What fails by chance on a busy machine is asked once more: without its tests a mutant would survive.
    for (const file of failed.length > 0 ? await redFiles(this.#folder, failed) : []) this.#red.add(file);
    for (const one of unknown) this.#looked.add(one);
    return this.red;
  }

  get red(): readonly string[] {
    return [...this.#red].toSorted();
  }
}
