import { z } from 'zod';

import {
  bandwidthMibPerSMax,
  deviceAlias,
  deviceName,
  imageFormat,
  nameOfDomain,
  nameOfSnapshot,
  pathOnHost,
  peerWaitSMax,
  runName,
} from './bounds.ts';
import type { HostPlace } from './connection-uri.ts';
import { connectionUri } from './connection-uri.ts';

/** Where a name of a host leads; `reason`: why it leads nowhere, without what was given. */
export type FindHost = (
  name: string,
) => ({ readonly known: true } & HostPlace) | { readonly known: false; readonly reason: string };

/** Kinds of values that requests hold. No message repeats what was given: it may be a secret. */
export const fields = {
  domain: z
    .string()
    .regex(nameOfDomain, 'must be the name or the uuid of a domain')
    .describe('Name or uuid of the domain.'),
  snapshotName: z.string().regex(nameOfSnapshot, 'must be a name without a slash'),
  disk: z.string().regex(deviceName, 'must be a disk as the guest has it, as vda'),
  path: z.string().regex(pathOnHost, 'must be an absolute path, as the host sees it'),
  alias: z.string().regex(deviceAlias, 'must be the alias of a device'),
  format: z.string().regex(imageFormat, 'must be a format of qemu-img'),
  quiesce: z.enum(['required', 'try', 'never']),
  bandwidthMibPerS: z.int().min(0).max(bandwidthMibPerSMax).describe('0: unlimited.'),
  /** For what is waited for. */
  waitMs: z
    .int()
    .min(0)
    .max(peerWaitSMax * 1_000),
  xml: z
    .string()
    .min(1)
    .max(4 * 2 ** 20),
};

/** A host by its connection URI, or by its name in the configuration. */
export function placeField(find: FindHost) {
  return z
    .string()
    .min(1)
    .max(4_096)
    .describe('Connection URI, or the name of a host of the configuration.')
    .transform((given, context): HostPlace => {
      if (given.includes('://')) {
        const uri = connectionUri.safeParse(given);
        if (uri.success) return { uri: uri.data, peerUri: null };
        context.addIssue('must be a connection URI without a password');
        return z.NEVER;
      }
      const host = find(given);
      if (host.known) return { uri: host.uri, peerUri: host.peerUri };
      context.addIssue(host.reason);
      return z.NEVER;
    });
}

/** As this process reaches it. */
export const hostField = (find: FindHost) => placeField(find).transform(({ uri }) => uri);
/** As the daemons of other hosts reach it. */
export const peerField = (find: FindHost) =>
  placeField(find).transform(({ uri, peerUri }) => peerUri ?? uri);

/** What every request may say. */
export const commonFields = {
  peerWaitMs: fields.waitMs
    .optional()
    .describe('How long a host that does not answer is waited for where its answer decides.'),
  breakClaims: z
    .array(z.string().regex(runName, 'must name a run'))
    .max(100)
    .optional()
    .describe('Runs whose claims on the domain are taken over.'),
};

/**
 * The same without the fields that were left out: a default must not be covered by `undefined`.
 */
export function given<Fields extends object>(value: Fields): Given<Fields>;
export function given(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}

type Given<Fields> = {
  [Name in keyof Fields as undefined extends Fields[Name] ? never : Name]: Fields[Name];
} & {
  [Name in keyof Fields as undefined extends Fields[Name] ? Name : never]?: Exclude<
    Fields[Name],
    undefined
  >;
};
