import type { Domain } from 'node-libvirt';
import { z } from 'zod';
import { delay, type Clock } from '../../ports/clock.ts';
import type { DeviceView } from '../../ports/devices.ts';
import { FailureError } from '../../ports/failure.ts';
import type { AskQemu } from './block-nodes.ts';
import { orRefused, qemuOf } from './block-nodes.ts';
import type { PlaceOnBus } from './device-in-qemu.ts';
import { nextAlias, placeOnBus } from './device-in-qemu.ts';
import { parseRoot } from './xml.ts';

/** How long a guest may take to let go; one of the lab took 0.15 s. */
const letGoMs = 10_000;
const pollMs = 100;
/**
 * libvirt is told that it has gone, too, and looks for its alias in a job of its own, one that waits for
 * ours and of which nothing can be seen. Seen on 9.0 and 11.3 without a pause: by then the alias was that
 * of the new device, whose backend it removed.
 */
const settleMs = 1_000;

/** What QEMU has under names such as libvirt gives. */
interface Held {
  readonly devices: readonly string[];
  readonly objects: readonly string[];
  readonly chardevs: readonly string[];
  /** What network cards have on the host, each with the card that uses it. */
  readonly netdevs: ReadonlyMap<string, string | null>;
}

interface Removal {
  readonly command: 'device_del' | 'netdev_del' | 'object-del' | 'chardev-remove';
  readonly id: string;
}

/**
 * Removes what a libvirtd that was killed while it attached this device left in QEMU, and of which
 * libvirt knows nothing: the backend, with or without the device itself. Seen on 9.0: no later attach
 * gets past it (`Duplicate ID 'hostnet0'`), and memory that is saved with such a device in the guest can
 * never be loaded. A device goes only from the very place that this one had, the host's end of a
 * network card only where no card uses it. Marks the domain as tainted.
 *
 * @returns whether anything was there
 * @throws FailureError `deviceLeft` where something stays, with what is there and what removes it
 */
export async function dropHalfAttached(
  domain: Domain,
  device: DeviceView,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<boolean> {
  const ask = qemuOf(domain, { signal });
  const stays = (why: string, removals: readonly Removal[]): FailureError =>
    deviceLeft(domain.name, why, removals);
  // Before the definition: what somebody else has attached by then is in that.
  let held = await readHeld(ask);
  const definition = parseRoot(await domain.getXMLDesc({ signal }), 'domain');
  const alias = nextAlias(definition, device.alias);
  if (alias === null) return false;
  const isThere = held.devices.includes(alias);
  const removals = removalsOf(alias, held);
  if (isThere) {
    const place = placeOnBus(definition, device.xml, device.element);
    if (place === null || !(await isAt(ask, alias, place)))
      throw stays(`${alias} is not where ${device.alias} was, and may be in use`, removals);
    await orRefused(ask('device_del', { id: alias }));
    if (!(await hasGone(ask, alias, { clock, signal })))
      throw stays(`the guest was asked for ${alias} and has not let go of it`, removals);
    await delay(clock, settleMs, signal);
    held = await readHeld(ask);
  }
  const user = held.netdevs.get(`host${alias}`) ?? null;
  if (user !== null)
    throw stays(`${user} uses host${alias}`, [{ command: 'device_del', id: user }, ...removals]);
  for (const { command, id } of removalsOf(alias, held)) await ask(command, { id });
  return removals.length > 0;
}

/** By the names that libvirt makes of an alias; what another one uses comes behind that. */
function removalsOf(
  alias: string,
  { chardevs, devices, netdevs, objects }: Held,
): readonly Removal[] {
  const all = [
    { command: 'device_del', id: alias, known: devices },
    { command: 'netdev_del', id: `host${alias}`, known: [...netdevs.keys()] },
    { command: 'object-del', id: `obj${alias}`, known: objects },
    { command: 'chardev-remove', id: `char${alias}`, known: chardevs },
  ] as const;
  return all.flatMap(({ command, id, known }) => (known.includes(id) ? [{ command, id }] : []));
}

function deviceLeft(name: string, why: string, removals: readonly Removal[]): FailureError {
  const things = removals.map(({ id }) => id).join(', ');
  const commands = removals.map(
    ({ command, id }) =>
      `virsh qemu-monitor-command ${name} '${JSON.stringify({ execute: command, arguments: { id } })}'`,
  );
  const message = `QEMU has ${things}, of which libvirt knows nothing: most likely its daemon was killed while it attached a device. ${why}. These remove it, one after the other, each once what the one before names has gone (virsh qemu-monitor-command ${name} --hmp 'info qtree'): ${commands.join(' ; ')}`;
  return new FailureError({ code: 'deviceLeft', message, effect: 'none' });
}

const peripherals = '/machine/peripheral';
const childrenSchema = z.array(z.object({ name: z.string(), type: z.string() }));
const chardevsSchema = z.array(z.object({ label: z.string() }));

async function namesIn(ask: AskQemu, path: string): Promise<readonly string[]> {
  return childrenSchema
    .parse(await ask('qom-list', { path }))
    .flatMap(({ name, type }) => (type.startsWith('child<') ? [name] : []));
}

async function readHeld(ask: AskQemu): Promise<Held> {
  return {
    devices: await namesIn(ask, peripherals),
    objects: await namesIn(ask, '/objects'),
    chardevs: chardevsSchema.parse(await ask('query-chardev')).map(({ label }) => label),
    // Of these there is no list but the one for people.
    netdevs: readNetdevs(
      z.string().parse(await ask('human-monitor-command', { 'command-line': 'info network' })),
    ),
  };
}

/** Below each card is what it has on the host; what no card uses stands alone. */
export function readNetdevs(text: string): ReadonlyMap<string, string | null> {
  const netdevs = new Map<string, string | null>();
  let card: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    const [, below, id, type] = /^( \\ )?(\S+): index=\d+,type=([^,]+)/.exec(line) ?? [];
    if (id === undefined) continue;
    if (type === 'nic') card = id;
    else netdevs.set(id, below === undefined ? null : card);
  }
  return netdevs;
}

async function isAt(
  ask: AskQemu,
  alias: string,
  { bus, property, value }: PlaceOnBus,
): Promise<boolean> {
  const path = `${peripherals}/${alias}`;
  const parent = z.string().parse(await ask('qom-get', { path, property: 'parent_bus' }));
  if (parent.slice(parent.lastIndexOf('/') + 1) !== bus) return false;
  return (await ask('qom-get', { path, property })) === value;
}

async function hasGone(
  ask: AskQemu,
  alias: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<boolean> {
  const untilEpochMs = clock.nowEpochMs() + letGoMs;
  while ((await namesIn(ask, peripherals)).includes(alias)) {
    if (clock.nowEpochMs() > untilEpochMs) return false;
    await delay(clock, pollMs, signal);
  }
  return true;
}
