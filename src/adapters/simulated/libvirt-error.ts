import type { FailureEffect } from '../../ports/failure.ts';
import { FailureError } from '../../ports/failure.ts';

/** virErrorNumber and virErrorDomain of the refusals that the simulated daemons give. */
const errors = {
  internalError: { code: 1, domain: 10 },
  connectionClosed: { code: 1, domain: 7 },
  invalidArg: { code: 8, domain: 10 },
  operationFailed: { code: 9, domain: 10 },
  xmlError: { code: 27, domain: 20 },
  systemError: { code: 38, domain: 7 },
  noDomain: { code: 42, domain: 10 },
  noStoragePool: { code: 49, domain: 18 },
  noStorageVol: { code: 50, domain: 18 },
  operationInvalid: { code: 55, domain: 10 },
  alreadyStarting: { code: 55, domain: 20 },
  configUnsupported: { code: 67, domain: 10 },
  operationTimeout: { code: 68, domain: 10 },
  revertUnsupported: { code: 67, domain: 10 },
  noSnapshot: { code: 72, domain: 20 },
  argumentUnsupported: { code: 74, domain: 10 },
  operationAborted: { code: 78, domain: 10 },
  migrateUnsafe: { code: 81, domain: 10 },
  blockCopyActive: { code: 83, domain: 10 },
  notReady: { code: 83, domain: 10 },
  operationUnsupported: { code: 84, domain: 10 },
  agentUnresponsive: { code: 86, domain: 10 },
  agentTimeout: { code: 112, domain: 10 },
} as const;

/** Those that have a code of their own in the port; all others are `libvirtError`. */
const portCodes: Partial<Record<keyof typeof errors, string>> = {
  noDomain: 'noDomain',
  noSnapshot: 'noSnapshot',
  revertUnsupported: 'revertUnsupported',
  blockCopyActive: 'blockJobActive',
  notReady: 'notReady',
  agentUnresponsive: 'agentUnavailable',
  agentTimeout: 'agentTimeout',
  operationInvalid: 'operationInvalid',
  alreadyStarting: 'operationInvalid',
  argumentUnsupported: 'unsupported',
  operationUnsupported: 'unsupported',
  operationTimeout: 'jobActive',
  operationAborted: 'operationAborted',
  migrateUnsafe: 'migrateUnsafe',
};

export type LibvirtErrorName = keyof typeof errors;

/** An error reply of a simulated daemon; nothing happened unless `effect` says otherwise. */
export function libvirtError(
  name: LibvirtErrorName,
  message: string,
  effect: FailureEffect = 'none',
): FailureError {
  return new FailureError({
    code: portCodes[name] ?? 'libvirtError',
    message,
    effect,
    libvirt: errors[name],
  });
}
