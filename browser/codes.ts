/**
 * What is behind a code of the loader where the code alone does not say it, in a few words for whoever builds the page; docs/loader.md has a paragraph
 * for each, and for those of the API. Never an id, a token or a name.
 */
const causes: Readonly<Record<string, string>> = {
  api: ": `api` must be the API's https URL",
  token: ': `token` threw',
  token_type: ': `token` gave no text',
  cors: ': `origins` lacks this page',
};

/** One line for the console. */
export const lineOf = (state: string, code: string): string =>
  `contactBridge ${state} (${code})${causes[code] ?? ''}. See docs/loader.md#${code}`;

/** What stops an attempt: its code. */
export const obstacle = (code: string): Promise<never> => Promise.reject(code);

/** After how many failures in a row with the same code another try makes no sense; of the others any may be the last. */
export const triesMax: Readonly<Record<string, number>> = {
  token: 8,
  token_type: 1,
  trusted_types: 1,
  no_body: 1,
  cors: 3,
  csp: 3,
};
