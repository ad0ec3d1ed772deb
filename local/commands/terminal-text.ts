/** What would move a terminal's cursor, or turn the direction of its writing. */
const obeyed = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Somebody else's text on one line of a terminal: what a terminal would obey is shown instead. */
export function terminalText(text: string): string {
  return text.replace(obeyed, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

/** A line with its name in front, so that values stand below each other. */
export const namedLine = (name: string, text: string): string => terminalText(`${name.padEnd(14)} ${text}`);
