import { z } from 'zod';

/** What the source daemon can open too: everything else names a socket of this machine. */
const remote = /^[a-z0-9]+\+(tcp|tls|ssh|libssh2?):\/\/[^/]/i;
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

/** How the source daemon reaches the destination when `--dconnuri` does not say; `null`: not by this URI. */
export function destinationSeenFrom(uri: string): string | null {
  return remote.test(uri) || simulated.test(uri) ? uri : null;
}

/** Where QEMU's own stream goes; libvirt knows these schemes (qemuMigrationSrcPerformNative). */
export const migrationUri = z
  .string()
  .max(lengthMax, 'is too long for a URI')
  .regex(/^(tcp|rdma):\/\/[^/]+|^unix:\/\/\//, {
    error: ({ input }) =>
      `${JSON.stringify(input)} is no URI for a stream: tcp://ADDRESS[:PORT], rdma://ADDRESS or unix:///PATH`,
  });
