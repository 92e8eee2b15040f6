import { z } from 'zod';

import type { DiskSource } from '../ports/disk-source.ts';
import { addressOfHost, pathOnHost } from './bounds.ts';

export const disksMax = 64;
/** QEMU grows disks by whole sectors only. */
export const sectorBytes = 512;

const path = z.string().regex(pathOnHost, 'must be an absolute path, as the host sees it');
const address = z.string().regex(addressOfHost, 'must be a host name or an address');

const hostOnNetwork = z.discriminatedUnion(
  'transport',
  [
    z.strictObject({
      transport: z.literal('tcp'),
      name: address,
      port: z.int().min(1).max(65_535).nullable().default(null),
    }),
    z.strictObject({ transport: z.literal('unix'), socket: path }),
  ],
  { error: 'must have a transport: tcp (with name, port) or unix (with socket)' },
);
const auth = z.strictObject({ user: z.string().min(1).max(255), secretUuid: z.guid() });

/** As `<source>` of a definition has it. */
export const diskSource = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('file'), path }),
    z.strictObject({ kind: z.literal('block'), path }),
    z.strictObject({
      kind: z.literal('nbd'),
      host: hostOnNetwork,
      exportName: z.string().max(4_096).default(''),
    }),
    z.strictObject({
      kind: z.literal('rbd'),
      image: z.string().regex(/^[^\p{Cc}:@]{3,1024}$/u, 'must be POOL/IMAGE'),
      monitors: z.array(hostOnNetwork).max(disksMax).default([]),
      auth: auth.nullable().default(null),
      configPath: path.nullable().default(null),
    }),
  ],
  { error: 'must be a place in one word, or have a kind: file, block, nbd or rbd' },
) satisfies z.ZodType<DiskSource>;
