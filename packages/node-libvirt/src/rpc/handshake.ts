import type { Login } from '../auth/credentials.ts';
import { authenticateBySasl } from '../auth/sasl.ts';
import { UnsupportedAuthError } from '../errors.ts';
import { driverFeatures } from '../flags.ts';
import { authTypes, connectProcedures } from '../protocol/index.ts';
import type { Endpoint } from './message-socket.ts';
import type { Session } from './session.ts';

export interface HandshakeOptions {
  readonly driverUri: string;
  readonly endpoint: Endpoint;
  readonly login: Login;
}

/**
 * What every socket says first: who we are, where the daemon asks, that we answer keepalive, and which hypervisor it is
 * about. libvirtd answers "none" to root on a unix socket even where it asks others for polkit.
 *
 * @throws UnsupportedAuthError, AuthenticationError, LibvirtError, ConnectionLostError, or the signal's reason.
 */
export async function handshake(
  session: Session,
  options: HandshakeOptions,
  signal: AbortSignal,
): Promise<void> {
  await authenticate(session, options, signal);
  const feature = driverFeatures.PROGRAM_KEEPALIVE;
  await session.call(connectProcedures.connectSupportsFeature, { feature }, signal);
  const name = options.driverUri;
  await session.call(connectProcedures.connectOpen, { name, flags: 0 }, signal);
}

async function authenticate(
  session: Session,
  { endpoint, login }: HandshakeOptions,
  signal: AbortSignal,
): Promise<void> {
  const { types } = await session.call(connectProcedures.authList, undefined, signal);
  // An empty list asks for nothing.
  if (types.length === 0 || types.includes(authTypes.indexOf('none'))) return;
  const names = types.map((type) => authTypes[type] ?? `type ${type}`);
  if (!names.includes('sasl')) {
    throw new UnsupportedAuthError(names, 'this client knows "none" and "sasl"');
  }
  // libvirtd demands of SASL that it encrypts what TCP does not, and SCRAM does not encrypt.
  if (endpoint.kind === 'tcp') {
    throw new UnsupportedAuthError(
      names,
      'over plain TCP it is not safe; use qemu+tls or qemu+ssh',
    );
  }
  await authenticateBySasl(session, login, signal);
}
