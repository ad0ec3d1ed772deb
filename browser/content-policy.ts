import { onWindow, originOf } from './page.ts';
import { pause } from './waiting.ts';

/** What was stopped, each with a slash at its end. */
let forbidden = '';

/** To be called once, before anything that the policy may stop. */
export const watchPolicy = (): void =>
  onWindow(({ blockedURI, disposition }: SecurityPolicyViolationEvent) => {
    if (disposition === 'enforce') forbidden += `${blockedURI}/`;
  }, 'securitypolicyviolation');

/** Whether the page's content policy has stopped something of this address. */
export async function isForbidden(url: string): Promise<boolean> {
  // A violation is told a task after what it stops.
  await pause(50);
  return forbidden.includes(`${originOf(url)}/`);
}
