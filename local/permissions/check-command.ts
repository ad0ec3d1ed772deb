import { policyOf, type Settings } from '../../functions/env.ts';
import { explain } from '../../functions/rules/contacts/explain.ts';
import { plainPaths, readFields } from '../../functions/rules/contacts/read-fields.ts';
import { API, type Change } from '../../functions/rules/contacts/reports.ts';
import { mergeReports } from '../../functions/rules/contacts/reports.ts';
import { signIn } from '../../functions/rules/contacts/token-claims.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { parseEvent } from '../../functions/rules/sources/json.ts';
import { attributesOf } from '../commands/attribute-pairs.ts';
import { CommandError } from '../commands/command-error.ts';
import { explanationLines } from '../commands/explanation-lines.ts';
import { show } from '../commands/output.ts';
import { readTextFile } from '../commands/text-file.ts';
import { settingsOfStage } from './stage-settings.ts';

interface CheckOptions extends Imagined {
  readonly stage: string;
  readonly json?: true;
}

/** `contact-bridge permissions check`: what somebody would get. */
export async function runCheck({ stage, json, ...who }: CheckOptions): Promise<void> {
  const settings = await settingsOfStage(stage);
  const reports = mergeReports([], await imagine(who, settings, Date.now()));
  const explained = explain({ kind: 'user', userId: 'imagined' }, reports, policyOf(settings));
  show(explained, explanationLines(explained), json);
}

/** Somebody who need not exist: as the back end would tell them, or as their token does. */
interface Imagined {
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  readonly attributes?: readonly string[];
  /** A token, the name of a file that holds one, or `-` for standard input. */
  readonly token?: string;
}

/**
 * What would be reported of this person, read as the bridge reads it. Throws `CommandError` where nobody, or twice somebody, is meant, and
 * for what the bridge would not take.
 */
async function imagine(who: Imagined, settings: Settings, nowMs: number): Promise<Change> {
  const { token, ...told } = who;
  const isTold = Object.values(told).some((one) => one !== undefined);
  if (token !== undefined && isTold)
    throw new CommandError('give --token alone, or --roles, --groups and --attributes: a token says all of these');
  if (token !== undefined) return signedIn(claimsIn(await tokenText(token)), settings, nowMs);
  if (!isTold)
    throw new CommandError(
      "say who: --roles, --groups and --attributes, or --token; --roles '' is somebody without any",
    );
  return byTheBackEnd(told, nowMs);
}

function byTheBackEnd({ roles = [], groups = [], attributes = [] }: Imagined, nowMs: number): Change {
  const body = { roles, groups, attributes: attributesOf(attributes, '--attributes') };
  const { told, flaws } = readFields(body, plainPaths);
  const [flaw] = flaws;
  if (flaw) throw new CommandError(`--${flaw.path.replace(/\..*$/, '')}: ${flaw.path} ${flaw.problem}`);
  return { source: API, kind: 'update', version: timeVersion(nowMs), told };
}

/** A token is not told from a file's name by looking for the file: three parts of base64url are a token. */
async function tokenText(given: string): Promise<string> {
  const text = /^(?:Bearer +)?[\w-]+\.[\w-]+\.[\w-]*$/i.test(given) ? given : await readTextFile(given);
  return text.trim().replace(/^Bearer +/i, '');
}

/** The claims of a token whose signature nobody checks here. The token itself is never shown. */
function claimsIn(token: string): Readonly<Record<string, unknown>> {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token) ?? [];
  const parsed = payload === undefined ? undefined : parseEvent(Buffer.from(payload, 'base64url'));
  if (parsed && 'event' in parsed && !parsed.isAmbiguous) return parsed.event;
  throw new CommandError('--token is no JWT: give its three parts, joined by dots, or the name of a file with them');
}

function signedIn(claims: Readonly<Record<string, unknown>>, settings: Settings, nowMs: number): Change {
  try {
    return signIn(claims, settings.claims, nowMs).change;
  } catch {
    throw new CommandError(
      `the token names no user: its claim ${settings.claims.userId} must be a text of 1 to 256 characters (claims.userId of the stage)`,
    );
  }
}
