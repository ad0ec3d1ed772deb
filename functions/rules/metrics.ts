import type metrics from './metrics.json';

/** The CloudWatch namespace of all metrics of the bridge. */
export const METRICS_NAMESPACE = 'ContactBridge';

/** What the jobs count, and what alarms and the dashboard look at: no other name compiles on either side. The table says what each counts. */
export type MetricName = keyof typeof metrics;
