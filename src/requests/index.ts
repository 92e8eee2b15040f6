export { diskSource } from './disk-source.ts';
export type { FindHost } from './fields.ts';
export { workflowRequests } from './workflow-requests.ts';
export type { WorkflowRequest } from './workflow-requests.ts';
export { runEvent, runEventTypes } from './run-events.ts';
