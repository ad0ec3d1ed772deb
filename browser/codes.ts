/**
 * What a code of the loader means, in a few words for whoever builds the page; docs/loader.md has a paragraph for each, and for those of the API.
 * Never an id, a token or a name.
 */
const causes: Readonly<Record<string, string>> = {
  api: "`api` must be the API's https address",
  token: '`token` threw',
  token_type: '`token` gave no text',
  token_timeout: '`token` is silent',
  person_changed: 'somebody else is signed in',
  cors: '`origins` of the stage lacks this page',
  unreachable: 'no answer from the API',
  csp: 'Content-Security-Policy forbids it',
  trusted_types: '`trusted-types` lacks contact-bridge',
  no_script: "MaiAgent's script did not load",
  no_body: 'no <body>',
  malformed: 'not the API that answered',
  gave_up: 'two hours of waiting',
  http_401: 'token not accepted',
  http_404: 'no API there',
};

/** One line for the console. */
export const lineOf = (state: string, code: string): string =>
  `contactBridge ${state} (${code}): ${causes[code] ?? 'says the API'}. See docs/loader.md#${code}`;

/** What stops an attempt; its message is the code. */
export class Obstacle extends Error {}

/** After how many failures in a row with the same code another try makes no sense; of the others any may be the last. */
export const triesMax: Readonly<Record<string, number>> = {
  token: 8,
  token_type: 1,
  trusted_types: 1,
  no_body: 1,
  cors: 3,
  csp: 3,
};
