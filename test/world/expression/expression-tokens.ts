/** Throws for what this grammar does not have, so that nothing is ever evaluated by guess. */
export class UnknownSyntax extends Error {
  override name = 'UnknownSyntax';
}

const TOKEN = /\s*(<>|<=|>=|[=<>(),+\-.[\]]|[:#]?[A-Za-z_]\w*|\d+)/y;

/** The words and signs of one DynamoDB expression, read from left to right. */
export class Tokens {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = split(text);
  }

  /** Every `:value` and `#name` of the whole expression. */
  get placeholders(): readonly string[] {
    return this.#tokens.filter((token) => /^[:#]/.test(token));
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** The next token, which stays. */
  get next(): string {
    return this.#tokens[this.#at] ?? '';
  }

  take(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new UnknownSyntax(`${this.#text} ends too early`);
    this.#at += 1;
    return token;
  }

  /** Takes the next token if it is this one; words in any case. */
  takeIf(desired: string): boolean {
    if (this.next.toUpperCase() !== desired) return false;
    this.#at += 1;
    return true;
  }

  expect(desired: string): void {
    if (!this.takeIf(desired)) throw new UnknownSyntax(`expected ${desired} instead of ${this.next} in ${this.#text}`);
  }

  refuse(): never {
    throw new UnknownSyntax(`unknown ${this.next} in ${this.#text}`);
  }
}

function split(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match?.[1]) throw new UnknownSyntax(`cannot read ${text.slice(from)} in ${text}`);
    tokens.push(match[1]);
  }
  return tokens;
}
