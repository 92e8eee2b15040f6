import type { Failure } from '../../../src/ports/failure.ts';
import type { OpenFile } from '../../../src/ports/snapshots.ts';
import type { SnapshotLook } from './look.ts';
import type { DomainSnapshotContext, PlannedDisk } from './domain-snapshot.ts';
import { plannedDisks } from './domain-snapshot.ts';
import { foundDomain } from '../one-host/one-host.ts';

type Context = DomainSnapshotContext;
type Command = (execute: string, given: Readonly<Record<string, unknown>>) => string;

/** What is typed to ask the QEMU of a domain past libvirt. */
function commandsTo(host: string, name: string): Command {
  return (execute, given) =>
    `virsh -c '${host}' qemu-monitor-command ${name} '${JSON.stringify({ execute, arguments: given })}'`;
}

/** What QEMU named itself goes by itself. */
const droppings = (nodes: readonly string[], command: Command): readonly string[] =>
  nodes
    .filter((node) => !node.startsWith('#'))
    .map((node) => command('blockdev-del', { 'node-name': node }));

/** Of each file that stays because QEMU does not let go of it; a command is a note of its own, to be typed as it is. */
export function heldNotes(
  host: string,
  name: string,
  held: readonly OpenFile[],
): readonly string[] {
  return held.flatMap(({ nodes, path }) => [
    `QEMU has ${path} open as ${nodes.join(', ')}, of which libvirt knows nothing, and did not let go of it: the file stays, and a snapshot of ${name} may fail with "Duplicate nodes" until these have been typed, one after the other, as soon as QEMU does not answer the first of them with an error:`,
    ...droppings(nodes, commandsTo(host, name)),
    `rm ${path}`,
  ]);
}

/**
 * QEMU took a snapshot of which libvirt knows nothing. Seen: SIGKILL of libvirtd 9.0 between QEMU's
 * transaction and the status file. The way back leads past libvirt, which marks the domain as tainted
 * and cannot tell whether somebody else is on it, too: a person has to go it.
 */
export function hiddenFailure(context: Context, { look }: { look: SnapshotLook }): Failure {
  const { host } = context;
  const { name } = foundDomain(context);
  const paths = look.reachable ? look.hiddenPaths : [];
  const advice = look.reachable ? wayBack(context, paths, look.openFiles) : null;
  const cause = context.failure === null ? '' : `. Before that: ${context.failure.message}`;
  const message = `QEMU writes the data of ${name} to ${paths.join(', ')}, and libvirt does not know of it: what the guest writes is lost when it is shut down. Do not remove that file, and let the guest run. ${advice ?? 'Copy its disks from inside, or shut it down and merge the file into its base with qemu-img commit before it is started again'}. virsh -c ${host} domblklist ${name} shows what libvirt believes${cause}`;
  return { code: 'overlayUnknown', message, effect: 'unknown' };
}

/** Word for word, for this guest; `null`: QEMU's names of its nodes tell too little. */
function wayBack(
  context: Context,
  paths: readonly string[],
  files: readonly OpenFile[],
): string | null {
  const command = commandsTo(context.host, foundDomain(context).name);
  const hidden = plannedDisks(context).filter(({ overlay }) =>
    overlay === null ? false : paths.includes(overlay.path),
  );
  const steps = hidden.map((disk) => stepsOf(disk, files, command));
  if (steps.length === 0 || steps.includes(null)) return null;
  return `These bring it back, one after the other, each once the one before has answered; the second as often as it takes until it tells "ready":true, and libvirt marks the domain as tainted:\n${steps.flatMap((each) => each ?? []).join('\n')}\n`;
}

/** Each overlay into its base, the guest on to that, and QEMU lets go of the file. */
function stepsOf(
  { base, overlay, targetDev }: PlannedDisk,
  files: readonly OpenFile[],
  command: Command,
): readonly string[] | null {
  const nodesOf = (path: string | undefined) => files.find((file) => file.path === path)?.nodes;
  const nodes = nodesOf(overlay?.path) ?? [];
  const [device] = nodes;
  const [lower] = nodesOf(base.path) ?? [];
  if (overlay === null || device === undefined || lower === undefined) return null;
  const id = `merge-${targetDev}`;
  return [
    command('block-commit', { 'job-id': id, device, 'base-node': lower }),
    command('query-block-jobs', {}),
    command('job-complete', { id }),
    ...droppings(nodes, command),
    `rm ${overlay.path}`,
  ];
}
