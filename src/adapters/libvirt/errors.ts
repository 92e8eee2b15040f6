import {
  AuthenticationError,
  ConnectError,
  ConnectionLostError,
  EncodeError,
  errorCodes,
  InvalidUriError,
  LibvirtError,
  ProtocolError,
  SshError,
  TlsError,
  UnsupportedAuthError,
} from 'node-libvirt';
import { FailureError, type Failure, type FailureEffect } from '../../ports/failure.ts';

/** Stable codes of what libvirt answers; every other number is `libvirtError`. */
const codeOfNumber: ReadonlyMap<number, string> = new Map([
  [errorCodes.NO_DOMAIN, 'noDomain'],
  [errorCodes.AUTH_FAILED, 'authenticationFailed'],
  [errorCodes.OPERATION_INVALID, 'operationInvalid'],
  [errorCodes.OPERATION_TIMEOUT, 'jobActive'],
  [errorCodes.OPERATION_ABORTED, 'operationAborted'],
  [errorCodes.MIGRATE_UNSAFE, 'migrateUnsafe'],
  [errorCodes.NO_DOMAIN_SNAPSHOT, 'noSnapshot'],
  [errorCodes.SNAPSHOT_REVERT_RISKY, 'revertRisky'],
  [errorCodes.NO_SUPPORT, 'unsupported'],
  [errorCodes.ARGUMENT_UNSUPPORTED, 'unsupported'],
  [errorCodes.OPERATION_UNSUPPORTED, 'unsupported'],
]);

/** What a call tells of itself, so that its failure can be judged. */
export interface FailedCall {
  readonly uri: string;
  /**
   * What an error *reply* leaves behind: nothing for reads and simple calls; `unknown` for a
   * migration, because only a look at both peers tells where the domain runs then.
   */
  readonly effectOfErrorReply: FailureEffect;
}

/** Any error of the client as the port's failure. What nobody foresaw is passed on as `internal`. */
export function toFailureError(error: unknown, call: FailedCall): FailureError {
  if (error instanceof FailureError) return error;
  return new FailureError(describe(error, call), { cause: error });
}

function describe(error: unknown, { uri, effectOfErrorReply }: FailedCall): Failure {
  if (error instanceof LibvirtError) {
    return {
      code: codeOfNumber.get(error.code) ?? 'libvirtError',
      message: `${uri}: ${error.serverMessage}`,
      effect: effectOfErrorReply,
      libvirt: { code: error.code, domain: error.domain },
    };
  }
  // It names the URI itself, without the password that may stand in there.
  if (error instanceof InvalidUriError) {
    return { code: 'invalidUri', message: error.message, effect: 'none' };
  }
  const message = `${uri}: ${error instanceof Error ? error.message : String(error)}`;
  if (error instanceof ConnectionLostError) {
    return { code: 'connectionLost', message, effect: error.fullyWritten ? 'unknown' : 'none' };
  }
  if (error instanceof ProtocolError) return { code: 'protocolError', message, effect: 'unknown' };
  if (error instanceof EncodeError) return { code: 'invalidArgument', message, effect: 'none' };
  // These are ConnectErrors, too, but what is to be mended lies elsewhere.
  if (error instanceof TlsError) return { code: 'tlsFailed', message, effect: 'none' };
  if (error instanceof SshError) return { code: 'sshFailed', message, effect: 'none' };
  if (error instanceof ConnectError) return { code: 'hostUnreachable', message, effect: 'none' };
  if (error instanceof UnsupportedAuthError) {
    return { code: 'unsupportedAuth', message, effect: 'none' };
  }
  if (error instanceof AuthenticationError) {
    return { code: 'authenticationFailed', message, effect: 'none' };
  }
  return { code: 'internal', message, effect: 'unknown' };
}
