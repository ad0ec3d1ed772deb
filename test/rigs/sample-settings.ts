import type { Settings } from '../../functions/env.ts';
import type { PermissionRules } from '../../functions/rules/permission-rules.ts';

const base = (digit: string) => `c0a80101-0000-4000-8000-0000000000${digit.repeat(2)}`;

/** Sample permission rules: staff see everything in one base, sales some files of another, everyone else the public base. */
export const samplePermissions: PermissionRules = {
  none: { knowledgeBases: [{ id: base('0'), files: 'all', faqs: 'all' }] },
  rules: [
    { when: { role: 'staff' }, grant: { knowledgeBases: [{ id: base('1'), files: 'all', faqs: 'all' }] } },
    {
      when: { all: [{ group: 'sales' }, { attribute: 'country', equals: 'JP' }] },
      grant: {
        knowledgeBases: [{ id: base('2'), files: [base('3')], faqs: [base('4')] }],
        labels: {
          operator: 'AND',
          conditions: [{ label: base('5') }, { operator: 'OR', conditions: [{ label: base('6') }] }],
        },
      },
    },
    {
      when: { any: [{ role: 'partner' }, { group: 'partners' }] },
      grant: { knowledgeBases: [{ id: base('7'), files: 'all', faqs: [base('8')] }] },
    },
  ],
};

/** The settings of a sample deployment with short leases. */
export const sampleSettings: Settings = {
  deployment: 1,
  claims: {
    userId: 'sub',
    name: 'name',
    email: 'email',
    phoneNumber: 'phone_number',
    avatar: 'picture',
    roles: 'roles',
    groups: 'groups',
    attributes: { country: 'https://corp.example/country', department: 'department' },
  },
  permissions: samplePermissions,
  metadata: ['department'],
  sources: [],
  clearWith: 'empty',
  webChat: {
    webChatId: 'sample-web-chat',
    baseUrl: 'https://chat.maiagent.ai/web-chats',
    scriptUrl: 'https://chat.maiagent.ai/js/embed.min.js',
  },
  maiAgentLimits: { concurrency: 2, requestsPerSecond: 50 },
  broadcasts: { concurrency: 2, requestsPerSecond: 500, callMs: 2_000, retentionDays: 400 },
  auditDays: 7,
  visitorDays: 90,
  quarantineDays: 400,
  logRetentionDays: 30,
  visitorsPerHour: 1000,
  visitorsPerHourAndNetwork: 1000,
  isBehindEdge: false,
  leaseMs: 90_000,
  sendBudgetMs: 20_000,
};
