/** The CloudWatch namespace of all metrics of the bridge. */
export const METRICS_NAMESPACE = 'ContactBridge';

/** What the jobs count, and what alarms and the dashboard look at: no other name compiles on either side. */
export type MetricName =
  | 'Accepted'
  | 'Repeated'
  | 'ConflictingRepeats'
  | 'Unproven'
  | 'Ignored'
  | 'Quarantined'
  | 'Redriven'
  | 'Discarded'
  | 'UnknownPermissions'
  | 'OldestDueSeconds'
  | 'QuarantinedNow'
  | 'Synced'
  | 'SyncFailed'
  | 'Audited'
  | 'AuditsCutShort'
  | 'DriftFound'
  | 'KeyRefused'
  | 'ContactConflicts'
  | 'ExtraContacts'
  | 'ContactsLost'
  | 'StuckLinks'
  | 'BroadcastUnanswered'
  | 'UnknownRecipients'
  | 'MissedRuns'
  | 'LateRuns'
  | 'SchedulesRefused';
