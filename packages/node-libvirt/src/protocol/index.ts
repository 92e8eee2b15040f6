export { agentProcedures } from './agent-procedures.ts';
export { authTypes, connectProcedures } from './connect-procedures.ts';
export { deviceProcedures } from './device-procedures.ts';
export { diskProcedures } from './disk-procedures.ts';
export { domainProcedures } from './domain-procedures.ts';
export { limits } from './limits.ts';
export {
  header,
  keepAliveProcedures,
  messageStatuses,
  messageTypes,
  programs,
  protocolVersion,
  remoteError,
  type Header,
} from './message.ts';
export type { Lane, Procedure } from './procedure.ts';
export { migrationProcedures } from './migration-procedures.ts';
export { qemuProcedures } from './qemu-procedures.ts';
export { savingProcedures } from './saving-procedures.ts';
export { secretProcedures } from './secret-procedures.ts';
export { snapshotProcedures } from './snapshot-procedures.ts';
export { storageNetworkProcedures } from './storage-network-procedures.ts';
