/** What jobs cross on their way, as the stories write it down. */

/** Answered after it was committed: with a run where it is to be sent now. */
export const createdLater = 'table:read-broadcast table:audience table:create table:runs';
export const created = `${createdLater} table:counts`;
export const cancel = 'table:read-broadcast table:runs table:cancel table:runs';
/** The back office changes it, or pauses it; and a sweep makes the schedule that begins anew, and removes the former one. */
export const edit = 'table:read-broadcast table:runs table:edit table:runs';
export const pause = 'table:read-broadcast table:runs table:pause-broadcast';
export const reschedule = 'table:due table:read-broadcast scheduler:make scheduler:remove table:scheduled table:due';
/** What a sweep looks for: broadcasts and runs, then the runs that are late. */
export const due = 'table:due table:due';
export const late = 'table:due table:read-run';
/** A sweep that finds a schedule to be made, and no run. */
export const schedule = 'table:due table:read-broadcast scheduler:make table:scheduled table:due';
/** A firing. */
export const start = 'table:read-broadcast table:read-run table:start';
/** A worker takes a run, plans it, opens a batch, sends, and ends the run or leaves it. */
export const take = 'table:read-broadcast table:read-run table:turn';
export const plan = 'table:audience table:plan';
export const open = 'table:due table:read-batch';
export const send = 'table:claim maiagent:broadcast table:report';
export const end = 'table:counts table:runs table:end';
export const leave = 'table:counts table:due table:leave';
