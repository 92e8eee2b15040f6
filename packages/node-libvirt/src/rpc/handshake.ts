import { UnsupportedAuthError } from '../errors.ts';
import { driverFeatures } from '../flags.ts';
import { authTypes, connectProcedures } from '../protocol/index.ts';
import type { Session } from './session.ts';

/**
 * What every socket says first: how to authenticate, that we answer keepalive, and which hypervisor it is about.
 * libvirtd answers "none" to root on a unix socket even where it asks others for polkit.
 *
 * @throws UnsupportedAuthError, LibvirtError, ConnectionLostError, or the signal's reason.
 */
export async function handshake(
  session: Session,
  driverUri: string,
  signal: AbortSignal,
): Promise<void> {
  const { types } = await session.call(connectProcedures.authList, undefined, signal);
  // libvirt's own client takes the first mechanism of the list; an empty list asks for nothing.
  if (types.length > 0 && !types.includes(authTypes.indexOf('none'))) {
    throw new UnsupportedAuthError(types.map((type) => authTypes[type] ?? `type ${type}`));
  }
  const feature = driverFeatures.PROGRAM_KEEPALIVE;
  await session.call(connectProcedures.connectSupportsFeature, { feature }, signal);
  await session.call(connectProcedures.connectOpen, { name: driverUri, flags: 0 }, signal);
}
