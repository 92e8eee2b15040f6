import { LibvirtError } from './errors.ts';

/** virErrorNumber, without its VIR_ERR_ prefix: those a client of these calls can meet. */
export const errorCodes = {
  INTERNAL_ERROR: 1,
  NO_MEMORY: 2,
  NO_SUPPORT: 3,
  UNKNOWN_HOST: 4,
  NO_CONNECT: 5,
  INVALID_CONN: 6,
  INVALID_DOMAIN: 7,
  INVALID_ARG: 8,
  OPERATION_FAILED: 9,
  NO_NAME: 21,
  XML_ERROR: 27,
  DOM_EXIST: 28,
  OPERATION_DENIED: 29,
  OPEN_FAILED: 30,
  XML_DETAIL: 35,
  SYSTEM_ERROR: 38,
  RPC: 39,
  NO_DOMAIN: 42,
  NO_NETWORK: 43,
  AUTH_FAILED: 45,
  INVALID_STORAGE_POOL: 46,
  INVALID_STORAGE_VOL: 47,
  NO_STORAGE_POOL: 49,
  NO_STORAGE_VOL: 50,
  OPERATION_INVALID: 55,
  INVALID_SECRET: 65,
  NO_SECRET: 66,
  CONFIG_UNSUPPORTED: 67,
  OPERATION_TIMEOUT: 68,
  MIGRATE_PERSIST_FAILED: 69,
  INVALID_DOMAIN_SNAPSHOT: 71,
  NO_DOMAIN_SNAPSHOT: 72,
  ARGUMENT_UNSUPPORTED: 74,
  SNAPSHOT_REVERT_RISKY: 77,
  OPERATION_ABORTED: 78,
  NO_DOMAIN_METADATA: 80,
  MIGRATE_UNSAFE: 81,
  OVERFLOW: 82,
  BLOCK_COPY_ACTIVE: 83,
  OPERATION_UNSUPPORTED: 84,
  AGENT_UNRESPONSIVE: 86,
  RESOURCE_BUSY: 87,
  ACCESS_DENIED: 88,
  STORAGE_VOL_EXIST: 90,
  CPU_INCOMPATIBLE: 91,
  XML_INVALID_SCHEMA: 92,
  MIGRATE_FINISH_OK: 93,
  AUTH_UNAVAILABLE: 94,
  AGENT_UNSYNCED: 97,
  DEVICE_MISSING: 99,
  MULTIPLE_DOMAINS: 110,
  AGENT_COMMAND_TIMEOUT: 112,
  AGENT_COMMAND_FAILED: 113,
} as const;
export type ErrorCode = (typeof errorCodes)[keyof typeof errorCodes];

/** virErrorDomain, without its VIR_FROM_ prefix: the parts of libvirt behind these calls. */
export const errorDomains = {
  NONE: 0,
  XML: 5,
  DOM: 6,
  RPC: 7,
  CONF: 9,
  QEMU: 10,
  NET: 11,
  TEST: 12,
  REMOTE: 13,
  STORAGE: 18,
  NETWORK: 19,
  DOMAIN: 20,
  SECURITY: 24,
  SECRET: 30,
  CPU: 31,
  DOMAIN_SNAPSHOT: 35,
  STREAMS: 38,
  EVENT: 40,
  LOCKING: 42,
  CAPABILITIES: 44,
  AUTH: 46,
  ACCESS: 55,
  POLKIT: 60,
} as const;

/** True for an error the daemon answered with, of one of these codes; without codes, of any. */
export function isLibvirtError(error: unknown, ...codes: readonly number[]): error is LibvirtError {
  return error instanceof LibvirtError && (codes.length === 0 || codes.includes(error.code));
}

/** There is no such domain (any more). */
export function isNoDomain(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.NO_DOMAIN);
}

export function isNoDomainMetadata(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.NO_DOMAIN_METADATA);
}

export function isNoStoragePool(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.NO_STORAGE_POOL);
}

export function isNoStorageVol(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.NO_STORAGE_VOL);
}

export function isNoNetwork(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.NO_NETWORK);
}

export function isNoDomainSnapshot(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.NO_DOMAIN_SNAPSHOT);
}

export function isNoSecret(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.NO_SECRET);
}

/** The guest has no agent that answers: none connected, out of step, or silent for longer than its time limit. */
export function isAgentUnavailable(error: unknown): boolean {
  return isLibvirtError(
    error,
    errorCodes.AGENT_UNRESPONSIVE,
    errorCodes.AGENT_UNSYNCED,
    errorCodes.AGENT_COMMAND_TIMEOUT,
  );
}

/** The domain is not in a state for it: not running, no job to abort, already so. */
export function isOperationInvalid(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.OPERATION_INVALID);
}

/** The job was aborted, by us or by somebody else. */
export function isOperationAborted(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.OPERATION_ABORTED);
}

/** What Finish answers to a migration that was cancelled, once the destination has nothing left of it: no failure. */
export function isMigrateFinishOk(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.MIGRATE_FINISH_OK);
}

/** The daemon or its driver does not know the call, or not in this version. */
export function isUnsupported(error: unknown): boolean {
  return isLibvirtError(
    error,
    errorCodes.NO_SUPPORT,
    errorCodes.OPERATION_UNSUPPORTED,
    errorCodes.ARGUMENT_UNSUPPORTED,
    errorCodes.CONFIG_UNSUPPORTED,
  );
}
