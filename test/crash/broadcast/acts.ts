import type { MaiAgentMood } from './mood.ts';

/** What can be done to a broadcast, or happen around it. */
export type BroadcastAct =
  | 'create-now'
  | 'create-at'
  | 'create-rate'
  | 'cancel'
  | 'sweep'
  /** The table's stream wakes the job. */
  | 'wake'
  /** EventBridge Scheduler fires, at its time; once more; an hour too late. */
  | 'fire'
  | 'fire-again'
  | 'fire-late'
  /** Its firing comes to nothing: the function could not be called for as long as it tries. */
  | 'lose-firing'
  /** A user is disabled; or one is disabled, one deleted, and one comes back with a new contact. A recipient writes something. */
  | 'disable'
  | 'change-links'
  | 'chat'
  /** Time passes: what a worker works, a worker's turn, a claim, hours. */
  | 'work-passes'
  | 'turn-passes'
  | 'claim-passes'
  | 'hours-pass'
  /** What MaiAgent does from now on. */
  | MaiAgentMood['now']
  /** What the back office looks at. */
  | 'preview'
  | 'list'
  | 'show'
  | 'recipients'
  /** Sweeps until every run has ended, however long that takes. */
  | 'end-run';
