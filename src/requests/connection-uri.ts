import { z } from 'zod';

/** What the source daemon can open too: everything else names a socket of this machine. */
const remote = /^[a-z0-9]+(\+(tcp|tls|ssh|libssh2?))?:\/\/[^/]/i;
const simulated = /^simulated:/i;

const lengthMax = 4_096;

/** Something of the form of a URI; whether a driver knows it is found when it is opened. */
export const connectionUri = z
  .string()
  .max(lengthMax, 'is too long for a connection URI')
  .refine((text) => /^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text), {
    error: ({ input }) =>
      `${JSON.stringify(input)} is no connection URI: give one such as qemu:///system or qemu+tcp://HOST/system`,
  })
  .refine((text) => (URL.parse(text)?.password ?? '') === '', {
    error: 'must not hold a password: it would stand in process lists and logs',
  });

/** How a host is reached. */
export interface HostPlace {
  /** By this process. */
  readonly uri: string;
  /** By the daemons of other hosts, where the configuration says. */
  readonly peerUri: string | null;
}

/**
 * How the source daemon reaches the destination where the request does not say; `null`: not by its
 * URI. Parameters (`pkipath`, `keyfile`, ...) name files of this machine, so they are not passed on.
 */
export function destinationSeenFrom({ uri, peerUri }: HostPlace): string | null {
  if (peerUri !== null) return peerUri;
  if (simulated.test(uri)) return uri;
  return remote.test(uri) && !uri.includes('?') ? uri : null;
}

function streamUri(form: RegExp, what: string) {
  return z
    .string()
    .max(lengthMax, 'is too long for a URI')
    .regex(form, {
      error: ({ input }) => `${JSON.stringify(input)} is no URI for ${what}`,
    });
}

/** Where QEMU's own stream goes; libvirt knows these schemes (qemuMigrationSrcPerformNative). */
export const migrationUri = streamUri(
  /^(tcp|rdma):\/\/[^/\s]+\/?$|^unix:\/\/\/\S+$/,
  'a stream: tcp://ADDRESS[:PORT], rdma://ADDRESS or unix:///PATH',
);

/** Where the destination's NBD server listens (qemuMigrationDstStartNBDServer). */
export const disksUri = streamUri(
  /^tcp:\/\/[^/\s]+\/?$|^unix:\/\/\/\S+$/,
  'copied disks: tcp://ADDRESS[:PORT] or unix:///PATH',
);

/** Where this process listens for a tunnel that it carries. */
export const relayUri = streamUri(
  /^tcp:\/\/(\[[0-9a-f:.]+\]|[^/:\s[\]]+):[1-9][0-9]{0,4}\/?$|^unix:\/\/\/\S+$/i,
  'a relay: tcp://ADDRESS:PORT or unix:///PATH, as the source reaches this machine',
);
