import { policyOf } from '../../functions/env.ts';
import { explain } from '../../functions/rules/contacts/explain.ts';
import { mergeReports } from '../../functions/rules/contacts/reports.ts';
import { explanationLines } from '../commands/explanation-lines.ts';
import { type Imagined, imagine } from './imagined.ts';
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
  if (json) console.log(JSON.stringify(explained, null, 2));
  else for (const line of explanationLines(explained)) console.log(line);
}
