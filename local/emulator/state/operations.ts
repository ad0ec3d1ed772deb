/** The operations of the API by the names that fault rules and the call log use. */
export const operationNames = [
  'list',
  'create',
  'retrieve',
  'put',
  'patch',
  'delete',
  'conversations',
  'latest',
  'broadcast',
  'conversation',
  'messages',
  'inboxes',
  'web-chat',
  'knowledge-base',
] as const;
export type OperationName = (typeof operationNames)[number];
