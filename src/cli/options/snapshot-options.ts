import { basename, dirname } from 'node:path/posix';
import { z } from 'zod';

import {
  coldSnapshotInput,
  domainSnapshotInput,
  instanceSnapshotInput,
  liveSnapshotInput,
} from '../../../machines/index.ts';
import { namesOf } from '../../../machines/policy/verdicts.ts';
import { deviceAlias, imageFormat } from '../../requests/bounds.ts';
import { oneHostOptions, toOneHostInput } from './one-host-options.ts';
import {
  diskNames,
  flag,
  hostPath,
  listOf,
  oneOf,
  snapshotName,
  wholeNumber,
} from './option-values.ts';
import { readDomain, readOptions } from './read-options.ts';
import { UsageError } from './usage-error.ts';

const snapshotOptions = z.object({
  ...oneHostOptions,
  kind: oneOf(['auto', 'live', 'cold', 'offline', 'internal', 'external']),
  to: hostPath.optional(),
  name: snapshotName.optional(),
  disk: diskNames.optional(),
  format: z.string().regex(imageFormat, 'is no format of qemu-img').optional(),
  compress: flag,
  quiesce: oneOf(['required', 'try', 'never']).optional(),
  agentRunsHooks: flag,
  memory: flag,
  live: flag,
  shortOutage: flag,
  detach: listOf((alias) => deviceAlias.test(alias), 'aliases of devices').optional(),
  fallBack: z.boolean(),
  bandwidth: wholeNumber(1, 1_000_000, 'MiB/s').optional(),
  halt: flag,
  metadata: z.boolean(),
  reuseExternal: flag,
});

type Typed = z.infer<typeof snapshotOptions>;
type Kind = Typed['kind'];

export type AskedSnapshot =
  | {
      readonly machine: 'instanceSnapshot';
      readonly input: ReturnType<typeof instanceSnapshotInput>;
    }
  | { readonly machine: 'liveSnapshot'; readonly input: ReturnType<typeof liveSnapshotInput> }
  | { readonly machine: 'coldSnapshot'; readonly input: ReturnType<typeof coldSnapshotInput> }
  | { readonly machine: 'domainSnapshot'; readonly input: ReturnType<typeof domainSnapshotInput> };

/** For which kinds an option means something: with others it would be lost without a word. */
const kindsOf = {
  to: ['auto', 'live', 'cold', 'offline', 'external'],
  format: ['auto', 'live', 'cold', 'offline'],
  compress: ['auto', 'live', 'cold', 'offline'],
  quiesce: ['auto', 'live', 'external'],
  agentRunsHooks: ['auto', 'live', 'external'],
  bandwidth: ['auto', 'live'],
  shortOutage: ['auto', 'cold'],
  detach: ['auto', 'cold'],
  memory: ['internal', 'external'],
  live: ['external'],
  halt: ['internal', 'external'],
  reuseExternal: ['external'],
} as const satisfies Partial<Record<keyof Typed, readonly Kind[]>>;

/**
 * What `virtstate snapshot` asks of which machine.
 *
 * @throws UsageError in one line
 */
export function readSnapshot(domain: unknown, options: unknown): AskedSnapshot {
  const name = readDomain(domain);
  const typed = readOptions(snapshotOptions, options);
  refuseUnused(typed);
  const own = toOneHostInput(name, typed);
  switch (typed.kind) {
    case 'auto':
      return { machine: 'instanceSnapshot', input: toInstance(own, typed) };
    case 'live':
      return {
        machine: 'liveSnapshot',
        input: liveSnapshotInput({
          ...own,
          ...fileTarget(typed),
          ...imageOptions(typed),
          disks: typed.disk ?? null,
          ...freezeOptions(typed),
          bandwidthMibPerS: typed.bandwidth ?? 0,
        }),
      };
    case 'cold':
    case 'offline':
      return {
        machine: 'coldSnapshot',
        input: coldSnapshotInput({
          ...own,
          ...fileTarget(typed),
          ...imageOptions(typed),
          disks: typed.disk ?? null,
          detach: typed.detach ?? [],
          shortOutage: typed.shortOutage,
          mustBeOff: typed.kind === 'offline',
        }),
      };
    case 'internal':
    case 'external':
      return { machine: 'domainSnapshot', input: toDomainSnapshot(own, typed) };
  }
}

function refuseUnused(typed: Typed): void {
  for (const option of namesOf(kindsOf)) {
    const kinds: readonly Kind[] = kindsOf[option];
    const value = typed[option];
    if (value === undefined || value === false || kinds.includes(typed.kind)) continue;
    const words = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${words} means nothing for --kind ${typed.kind}: leave it out`);
  }
  if (!typed.metadata && typed.kind !== 'external')
    throw new UsageError(`--no-metadata means nothing for --kind ${typed.kind}: leave it out`);
  if (!typed.fallBack && typed.kind !== 'auto')
    throw new UsageError(`--no-fall-back means nothing for --kind ${typed.kind}: leave it out`);
}

type Own = ReturnType<typeof toOneHostInput>;

const imageOptions = ({ compress, format }: Typed) => ({ compress, format: format ?? 'qcow2' });
const freezeOptions = ({ agentRunsHooks, quiesce }: Typed) => ({
  agentRunsHooks,
  quiesce: quiesce ?? ('try' as const),
});

/** `--to DIR --name FILE`, or `--to FILE`. */
function fileTarget({ name, to }: Typed) {
  if (to === undefined)
    throw new UsageError('--to is needed: the file, or with --name the directory');
  return name === undefined
    ? { directory: dirname(to), fileName: basename(to) }
    : { directory: to, fileName: name };
}

function toInstance(own: Own, typed: Typed) {
  const { disk = [null], name, to } = typed;
  const [first = null, ...others] = disk;
  if (others.length > 0)
    throw new UsageError(
      'an image in a store holds one disk: take --kind live or cold for several',
    );
  if (to === undefined || name === undefined)
    throw new UsageError(
      '--to and --name are needed: the directory of the images, and the name of this one',
    );
  return instanceSnapshotInput({
    ...own,
    store: { kind: 'directory', directory: to },
    name,
    ...imageOptions(typed),
    disk: first,
    mayFallBack: typed.fallBack,
    ...freezeOptions(typed),
    detach: typed.detach ?? [],
    shortOutage: typed.shortOutage,
    bandwidthMibPerS: typed.bandwidth ?? 0,
  });
}

function toDomainSnapshot(own: Own, typed: Typed) {
  const { disk, halt, kind, live, memory, metadata, name, reuseExternal, to } = typed;
  if (name === undefined) throw new UsageError('--name is needed: how libvirt shall know it');
  if (kind === 'external' && memory && to === undefined)
    throw new UsageError('--memory needs --to: the directory for the file with the memory');
  if (to !== undefined && !memory && disk === undefined)
    throw new UsageError(
      '--to means nothing for --kind external without --disk or --memory: name the disks whose overlays go there, or leave it out',
    );
  return domainSnapshotInput({
    ...own,
    name,
    kind: kind === 'internal' ? 'internal' : 'external',
    disks:
      disk?.map((targetDev) => ({ targetDev, overlayPath: overlayIn(to, name, targetDev) })) ??
      null,
    memoryPath: kind === 'external' && memory ? `${to ?? ''}/${name}.memory` : null,
    live,
    reuseExternal,
    quiesce: typed.quiesce ?? 'never',
    agentRunsHooks: typed.agentRunsHooks,
    halt,
    noMetadata: !metadata,
  });
}

/** Without a directory libvirt's own way: beside the disk, with the name of the snapshot. */
const overlayIn = (
  directory: string | undefined,
  name: string,
  targetDev: string,
): string | null => (directory === undefined ? null : `${directory}/${name}-${targetDev}.qcow2`);
