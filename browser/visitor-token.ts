import { attempted } from './attempted.ts';

/** Stands in for a storage that the browser denies (private windows, blocked site data, a full quota): it lasts as long as the page. */
const memory: Record<string, string | undefined> = {};

/** This browser's token as a visitor at one API. Nobody reads it but the loader; it is never logged and never part of a URL. */
export interface VisitorToken {
  read(): string | undefined;
  write(token: string): void;
  /** Forgets `token`, unless another tab has stored a newer one in the meantime. */
  drop(token: string): void;
  /** Runs `work` while no other tab of this origin does, where the browser can promise that: two tabs are then one visitor. */
  alone<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result>;
}

/** The token kept in `localStorage` under a name bound to the API, so that two bridges never read each other's; in memory where storage is denied. */
export function visitorTokenAt(api: string): VisitorToken {
  const key = `contact-bridge.visitor:${api}`;
  const read = () => attempted(() => localStorage.getItem(key)) ?? memory[key];
  return {
    read,
    write(token) {
      try {
        localStorage.setItem(key, token);
      } catch {
        memory[key] = token;
      }
    },
    drop(token) {
      if (read() !== token) return;
      delete memory[key];
      attempted(() => localStorage.removeItem(key));
    },
    // Web Locks exist in secure contexts alone, and a browser may deny them; there two tabs opened at once may become two visitors, which
    // harms nobody.
    async alone(signal, work) {
      let begun: ReturnType<typeof work> | undefined;
      // What the work itself rejects with is told below.
      await navigator.locks?.request(key, { signal }, () => (begun = work())).catch(() => 0);
      return begun ?? work();
    },
  };
}
