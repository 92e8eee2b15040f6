import { Command, InvalidArgumentError, Option } from 'commander';
import { requireLab } from './availability.ts';
import type { LabHost } from './host.ts';
import { labDown, labOpen, labUp } from './lab.ts';
import type { LabStatus } from './lab.ts';
import { LabError } from './lab-error.ts';
import type { HostCount } from './lab-state.ts';

interface CommonOptions {
  readonly name: string;
  readonly json?: true;
}

interface GuestFlags extends CommonOptions {
  readonly on: string;
  readonly shared?: true;
  readonly disk: string;
  readonly extraDisk?: string;
  readonly nic?: true;
  readonly uefi?: true;
  readonly agent: boolean;
  readonly dirty?: number;
}

interface LinkFlags extends CommonOptions {
  readonly host?: string;
  readonly rate?: string;
  readonly down?: true;
  readonly up?: true;
  readonly dropPort?: string;
  readonly direction?: 'in' | 'out';
  readonly reset?: true;
  readonly clear?: true;
}

function print(options: CommonOptions, value: unknown, text: string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value)}\n` : `${text}\n`);
}

function describe(status: LabStatus): string {
  const hosts = status.hosts.map(
    (host) =>
      `${host.name}  ${host.pid === null ? 'libvirtd is dead' : `pid ${host.pid}`}  ${host.uri}`,
  );
  const guests = status.guests.map(
    (guest) =>
      `${guest.name}  ${guest.host === null ? 'nowhere' : `on ${guest.host}`}  ${guest.disk}`,
  );
  return [...hosts, ...guests].join('\n');
}

function mebibytes(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 10_000) return value;
  throw new InvalidArgumentError('Write a whole number from 1 to 10000.');
}

function hostCount(text: string): HostCount {
  const count = ([2, 3, 4] as const).find((known) => String(known) === text);
  if (count !== undefined) return count;
  throw new InvalidArgumentError('A lab has 2, 3 or 4 hosts.');
}

async function runUp(options: CommonOptions & { readonly hosts: HostCount }): Promise<void> {
  await requireLab();
  const lab = await labUp({ name: options.name, hosts: options.hosts });
  const status = await lab.status();
  print(options, status, describe(status));
}

async function runStatus(options: CommonOptions): Promise<void> {
  await requireLab();
  const found = await (await labOpen(options.name)).status();
  print(options, found, describe(found));
}

async function runDown(options: CommonOptions): Promise<void> {
  await requireLab();
  await labDown(options.name);
  print(options, { hosts: [], guests: [] }, `lab ${options.name} is down`);
}

async function runReset(options: CommonOptions): Promise<void> {
  await requireLab();
  const lab = await labOpen(options.name);
  await lab.reset();
  const found = await lab.status();
  print(options, found, describe(found));
}

async function runGuest(name: string, flags: GuestFlags): Promise<void> {
  await requireLab();
  const lab = await labOpen(flags.name);
  const made = await lab.guest(name, {
    on: flags.on,
    storage: flags.shared === true ? 'shared' : 'private',
    disk: flags.disk,
    extraDisk: flags.extraDisk,
    networkCards: flags.nic === true ? 1 : 0,
    firmware: flags.uefi === true ? 'uefi' : 'bios',
    agent: flags.agent ? 'present' : 'absent',
    dirtyMiBPerS: flags.dirty ?? 0,
  });
  print(
    flags,
    made,
    `${made.name} ticks on ${made.host}\ndisk ${made.disk}\nserial ${made.serial}`,
  );
}

async function applyLink(host: LabHost, flags: LinkFlags): Promise<void> {
  if (flags.clear === true) await host.clearLink();
  if (flags.rate !== undefined) await host.setRate(flags.rate);
  if (flags.down === true) await host.setLink('down');
  if (flags.up === true) await host.setLink('up');
  if (flags.dropPort !== undefined) {
    await host.dropPort({
      ports: flags.dropPort,
      direction: flags.direction ?? 'both',
      effect: flags.reset === true ? 'reset' : 'drop',
    });
  }
}

async function runLink(flags: LinkFlags): Promise<void> {
  const actions = [flags.rate, flags.down, flags.up, flags.dropPort, flags.clear];
  if (actions.filter((action) => action !== undefined).length !== 1) {
    throw new LabError('link needs one of --rate, --down, --up, --drop-port, --clear');
  }
  if (flags.dropPort === undefined && (flags.direction ?? flags.reset) !== undefined) {
    throw new LabError('--direction and --reset go with --drop-port');
  }
  await requireLab();
  const lab = await labOpen(flags.name);
  const hosts = flags.host === undefined ? lab.hosts : [lab.host(flags.host)];
  await Promise.all(hosts.map((host) => applyLink(host, flags)));
  const names = hosts.map((host) => host.name);
  print(flags, { hosts: names }, `link changed on ${names.join(', ')}`);
}

const daemonActions = ['kill', 'sigstop', 'sigcont', 'start'] as const;

async function runDaemon(
  hostName: string,
  action: (typeof daemonActions)[number],
  options: CommonOptions,
): Promise<void> {
  await requireLab();
  const host = (await labOpen(options.name)).host(hostName);
  await host[action]();
  const state = await host.daemonState();
  print(options, { host: host.name, state }, `libvirtd of ${host.name} is ${state}`);
}

/** The command line of the lab. */
export function labProgram(): Command {
  const program = new Command('lab')
    .description('Libvirt hosts on one machine, with guests that can be checked')
    .exitOverride();
  const command = (words: string, description: string): Command =>
    program
      .command(words)
      .description(description)
      .exitOverride()
      .option('--name <lab>', 'which lab', 'default')
      .option('--json', 'one JSON value on standard output');

  command('up', 'bring a lab up')
    .option('--hosts <n>', '3 adds hostC of the newer generation, 4 hostD beside', hostCount, 2)
    .action(runUp);
  command('down', 'take a lab down and leave nothing').action(runDown);
  command('status', 'tell who is where').action(runStatus);
  command('reset', 'remove guests, images and faults').action(runReset);
  command('guest <guest>', 'make a ticking guest and wait for its first tick')
    .requiredOption('--on <host>', 'the host on which it starts')
    .option('--shared', 'disks that all hosts see')
    .option('--disk <size>', 'size of its data disk', '64M')
    .option('--extra-disk <size>', 'a second, blank disk')
    .option('--nic', 'a network card')
    .option('--uefi', 'UEFI instead of BIOS')
    .option('--no-agent', 'no guest agent')
    .option('--dirty <mib_s>', 'dirty this much memory a second', mebibytes)
    .action(runGuest);
  command('link', "put a fault on a host's link, or on all")
    .option('--host <host>', 'one host only')
    .option('--rate <rate>', 'limit what it sends, for example to 100mbit')
    .option('--down', 'pull the cable')
    .option('--up', 'plug it in')
    .option('--drop-port <range>', 'lose TCP packets of these ports')
    .addOption(new Option('--direction <way>', 'only this way').choices(['in', 'out']))
    .option('--reset', 'answer them with a reset')
    .option('--clear', 'take all faults off')
    .action(runLink);
  const actions = command('daemon <host>', 'kill, freeze, thaw or start a libvirtd');
  actions.addArgument(actions.createArgument('<action>', 'what to do').choices(daemonActions));
  actions.action(runDaemon);
  return program;
}
