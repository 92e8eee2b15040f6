/** What every error of this package descends from, except a signal's own reason. */
export abstract class NodeLibvirtError extends Error {}

export interface LibvirtErrorFields {
  readonly code: number;
  readonly domain: number;
  readonly level: number;
  readonly serverMessage: string;
  readonly procedure: string;
  readonly int1?: number;
}

/** The daemon ran the call and answered with an error: libvirt's `virError`. */
export class LibvirtError extends NodeLibvirtError {
  override readonly name = 'LibvirtError';
  /** `virErrorNumber`, see `errorCodes`. */
  readonly code: number;
  /** `virErrorDomain`: the part of libvirt that raised it, see `errorDomains`. */
  readonly domain: number;
  /** `virErrorLevel`: 1 warning, 2 error. */
  readonly level: number;
  /** The daemon's text, in the daemon's language: for people, never to be matched on. */
  readonly serverMessage: string;
  /** Name of the procedure that was called, as in libvirt's protocol. */
  readonly procedure: string;
  /** `virError.int1`: of a `SYSTEM_ERROR` the errno, else mostly nothing. */
  readonly int1: number;

  constructor(fields: LibvirtErrorFields) {
    super(`${fields.procedure}: ${fields.serverMessage} (libvirt error ${fields.code})`);
    this.code = fields.code;
    this.domain = fields.domain;
    this.level = fields.level;
    this.serverMessage = fields.serverMessage;
    this.procedure = fields.procedure;
    this.int1 = fields.int1 ?? 0;
  }
}

/** The peer sent what libvirt's protocol does not allow. The connection it came from is closed. */
export class ProtocolError extends NodeLibvirtError {
  override readonly name = 'ProtocolError';
}

/** An argument does not fit the wire: too long, out of range, or with a NUL character. Nothing was sent. */
export class EncodeError extends NodeLibvirtError {
  override readonly name = 'EncodeError';
}

/**
 * The connection ended under a call, so nobody knows whether the daemon did the work: look before trying again.
 * `cause` says why the connection ended, where that is known.
 */
export class ConnectionLostError extends NodeLibvirtError {
  override readonly name = 'ConnectionLostError';
  /** Name of the call that was under way; null for the connection itself. */
  readonly procedure: string | null;
  /** False: the request certainly never left whole, so the daemon cannot have acted on it. True: the outcome is unknown. */
  readonly fullyWritten: boolean;

  constructor(
    message: string,
    call: { procedure: string; fullyWritten: boolean } | null,
    cause: Error | null,
  ) {
    super(message, cause === null ? undefined : { cause });
    this.procedure = call?.procedure ?? null;
    this.fullyWritten = call?.fullyWritten ?? false;
  }
}

/** The daemon asks for a kind of authentication that this client does not speak. */
export class UnsupportedAuthError extends NodeLibvirtError {
  override readonly name = 'UnsupportedAuthError';
  /** What the daemon would accept: `sasl`, `polkit`, a SASL mechanism, or a number this client has no name for. */
  readonly mechanisms: readonly string[];

  constructor(mechanisms: readonly string[], reason: string) {
    super(`the daemon asks for ${mechanisms.join(' or ')} authentication: ${reason}`);
    this.mechanisms = mechanisms;
  }
}

/** The connection URI is not one this client can open; the message says which part and what would do. */
export class InvalidUriError extends NodeLibvirtError {
  override readonly name = 'InvalidUriError';
  /** As given, without a password. */
  readonly uri: string;

  constructor(uri: string, reason: string) {
    const shown = uri.replace(/(:\/\/[^/@]*?):[^/]*@/, '$1:***@');
    super(`connection URI "${shown}": ${reason}`);
    this.uri = shown;
  }
}

/** No daemon could be reached. `cause` is the socket's own error, or an `AggregateError` of several. */
export class ConnectError extends NodeLibvirtError {
  override readonly name: string = 'ConnectError';
  /** The path or host:port that was tried, several joined by ", ". */
  readonly address: string;

  constructor(address: string, cause: Error) {
    super(`cannot connect to libvirt at ${address}: ${cause.message}`, { cause });
    this.address = address;
  }
}

/**
 * What is wrong with a TLS connection. `untrustedServer`: the server's certificate is of another CA; `expiredServer`: it is
 * not valid now; `wrongServerName`: it is for another host; `clientRefused`: the server wants another certificate of us,
 * or one at all; `unusableFile`: a file of ours is missing or broken; `notTls`: the peer speaks something else.
 */
export type TlsProblem =
  | 'untrustedServer'
  | 'expiredServer'
  | 'wrongServerName'
  | 'clientRefused'
  | 'unusableFile'
  | 'notTls'
  | 'handshakeFailed';

/** No TLS connection came about; `problem` says what to mend. `cause.cause` is OpenSSL's own error, where there is one. */
export class TlsError extends ConnectError {
  override readonly name = 'TlsError';
  readonly problem: TlsProblem;
  /** The file of ours that it is about; null where it is about none. */
  readonly path: string | null;

  constructor(
    address: string,
    found: {
      readonly problem: TlsProblem;
      readonly text: string;
      readonly path?: string | undefined;
      readonly cause?: Error | undefined;
    },
  ) {
    super(address, new Error(found.text, found.cause === undefined ? {} : { cause: found.cause }));
    this.problem = found.problem;
    this.path = found.path ?? null;
  }
}

/** ssh, or what it should run on the other side, ended: what it wrote says why. */
export class SshError extends ConnectError {
  override readonly name = 'SshError';
  /** 255 is ssh's own, 127 a missing program on the other side; null when a signal ended it. */
  readonly exitCode: number | null;
  /** The end of what ssh and the other side wrote, for people. */
  readonly stderr: string;

  constructor(address: string, ended: { exitCode: number | null; how: string; stderr: string }) {
    const why = ended.stderr === '' ? 'and wrote nothing' : ended.stderr;
    super(address, new Error(`${ended.how}: ${why}`));
    this.exitCode = ended.exitCode;
    this.stderr = ended.stderr;
  }
}

/** The daemon asked who we are and did not believe us, or we did not believe it, or there is nothing to tell it. */
export class AuthenticationError extends NodeLibvirtError {
  override readonly name = 'AuthenticationError';
  /** As in the URI; `localhost` for a unix socket. */
  readonly host: string;
  /** The name that was tried; null where there was none. */
  readonly username: string | null;

  constructor(
    reason: string,
    who: { readonly host: string; readonly username: string | null },
    cause?: Error,
  ) {
    const name = who.username === null ? '' : ` as "${who.username}"`;
    super(
      `authentication${name} at ${who.host} failed: ${reason}`,
      cause === undefined ? undefined : { cause },
    );
    this.host = who.host;
    this.username = who.username;
  }
}

/** QEMU refused a monitor command. */
export class QemuMonitorError extends NodeLibvirtError {
  override readonly name = 'QemuMonitorError';
  readonly command: string;
  /** QMP's error class, such as `GenericError` or `CommandNotFound`. */
  readonly errorClass: string;
  /** QEMU's text, for people. */
  readonly description: string;

  constructor(command: string, errorClass: string, description: string) {
    super(`QEMU refused ${command}: ${description} (${errorClass})`);
    this.command = command;
    this.errorClass = errorClass;
    this.description = description;
  }
}
