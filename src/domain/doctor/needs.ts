/** What the App asks GitHub for: the same as app.yml, which says why (a test holds the two together). */
export const NEEDED_PERMISSIONS: Readonly<Record<string, 'read' | 'write'>> = {
  actions: 'write',
  attestations: 'read',
  checks: 'write',
  contents: 'write',
  issues: 'write',
  merge_queues: 'read',
  metadata: 'read',
  pull_requests: 'write',
  statuses: 'write',
};

export const NEEDED_EVENTS = [
  'push',
  'pull_request',
  'merge_group',
  'workflow_run',
  'check_run',
  'check_suite',
  'issue_comment',
] as const;
