import { z } from 'zod';

import {
  coldSnapshotInput,
  domainSnapshotInput,
  instanceSnapshotInput,
  liveSnapshotInput,
  managedSaveInput,
  snapshotDeleteInput,
  snapshotRevertInput,
} from '../../machines/index.ts';
import type { FindHost } from './fields.ts';
import { commonFields, fields, given, hostField } from './fields.ts';

const place = (find: FindHost) => ({
  domain: fields.domain,
  host: hostField(find),
  ...commonFields,
});
const imageTarget = { directory: fields.path, fileName: fields.snapshotName };
const flag = z.boolean().optional();
const disks = z.array(fields.disk).min(1).max(256).nullish();

export const liveSnapshotRequest = (find: FindHost) =>
  z
    .strictObject({
      ...place(find),
      ...imageTarget,
      disks,
      format: fields.format.optional(),
      compress: flag,
      quiesce: fields.quiesce.optional(),
      agentRunsHooks: flag,
      freezeTimeoutMs: fields.waitMs.optional(),
      thawWaitMs: fields.waitMs.optional(),
      copyMsPerGib: fields.waitMs.optional(),
      stallMs: fields.waitMs.optional(),
      bandwidthMibPerS: fields.bandwidthMibPerS.optional(),
      spaceWanted: z.enum(['virtualSize', 'allocation']).optional(),
    })
    .transform((asked) => liveSnapshotInput(given(asked)));

export const coldSnapshotRequest = (find: FindHost) =>
  z
    .strictObject({
      ...place(find),
      ...imageTarget,
      disks,
      format: fields.format.optional(),
      compress: flag,
      detach: z.array(fields.alias).max(256).optional(),
      shortOutage: flag,
      mustBeOff: flag,
      deviceWaitMs: fields.waitMs.optional(),
    })
    .transform((asked) => coldSnapshotInput(given(asked)));

export const instanceSnapshotRequest = (find: FindHost) =>
  z
    .strictObject({
      ...place(find),
      store: z.strictObject({ kind: z.literal('directory'), directory: fields.path }),
      name: fields.snapshotName,
      format: fields.format.optional(),
      compress: flag,
      disk: fields.disk.nullish(),
      way: z.enum(['auto', 'live', 'cold']).optional(),
      mayFallBack: flag,
      quiesce: fields.quiesce.optional(),
      agentRunsHooks: flag,
      detach: z.array(fields.alias).max(256).optional(),
      shortOutage: flag,
      bandwidthMibPerS: fields.bandwidthMibPerS.optional(),
    })
    .transform((asked) => instanceSnapshotInput(given(asked)));

export const domainSnapshotRequest = (find: FindHost) =>
  z
    .strictObject({
      ...place(find),
      name: fields.snapshotName,
      description: z.string().max(4_096).nullish(),
      kind: z.enum(['internal', 'external']).optional(),
      disks: z
        .array(
          z.strictObject({
            targetDev: fields.disk,
            overlayPath: fields.path.nullable().default(null),
          }),
        )
        .min(1)
        .max(256)
        .nullish(),
      overlayFormat: z.enum(['qcow2', 'qed']).optional(),
      memoryPath: fields.path.nullish(),
      live: flag,
      reuseExternal: flag,
      quiesce: fields.quiesce.optional(),
      agentRunsHooks: flag,
      freezeTimeoutMs: fields.waitMs.optional(),
      thawWaitMs: fields.waitMs.optional(),
      timeoutMs: fields.waitMs.optional(),
      halt: flag,
      noMetadata: flag,
      redefine: z.strictObject({ xml: fields.xml, current: z.boolean() }).nullish(),
    })
    .transform((asked) => domainSnapshotInput(given(asked)));

export const snapshotRevertRequest = (find: FindHost) =>
  z
    .strictObject({
      ...place(find),
      name: fields.snapshotName,
      resumeAs: z.enum(['asSnapshot', 'running', 'paused']).optional(),
      force: flag,
      resetNvram: flag,
      keepBefore: flag,
      timeoutMs: fields.waitMs.optional(),
    })
    .transform((asked) => snapshotRevertInput(given(asked)));

const deletion = z.strictObject({
  kind: z.literal('snapshot'),
  name: fields.snapshotName,
  children: z.enum(['keep', 'withIt', 'only']).default('keep'),
  metadataOnly: z.boolean().default(false),
  by: z.enum(['auto', 'libvirt', 'manual']).default('auto'),
});

const merge = z.strictObject({
  kind: z.literal('merge'),
  targetDev: fields.disk,
  base: fields.path.nullable().default(null),
  top: fields.path.nullable().default(null),
  how: z.enum(['commit', 'pull']).default('commit'),
});

export const snapshotDeleteRequest = (find: FindHost) =>
  z
    .strictObject({
      ...place(find),
      what: z.discriminatedUnion('kind', [deletion, merge]),
      bandwidthMibPerS: fields.bandwidthMibPerS.optional(),
      stallMs: fields.waitMs.optional(),
    })
    .transform((asked) => snapshotDeleteInput(given(asked)));

const actionsOnFiles = ['saveTo', 'restore'];

export const managedSaveRequest = (find: FindHost) =>
  z
    .strictObject({
      ...place(find),
      action: z.enum(['save', 'saveTo', 'start', 'restore', 'removeManagedSave']),
      file: fields.path.nullish(),
      options: z
        .strictObject({
          bypassCache: flag,
          resumeAs: z.enum(['asBefore', 'running', 'paused']).optional(),
          xml: fields.xml.nullish(),
          resetNvram: flag,
          forceBoot: flag,
        })
        .default({}),
      force: flag,
    })
    .refine(({ action, file }) => actionsOnFiles.includes(action) === (typeof file === 'string'), {
      path: ['file'],
      message: 'belongs to saveTo and restore, and to these alone',
    })
    .transform(({ options, ...asked }) =>
      managedSaveInput({ ...given(asked), options: given(options) }),
    );
