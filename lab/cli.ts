import { once } from 'node:events';
import { constants } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { requireLab } from './availability.ts';
import type { LabHost } from './host.ts';
import { labDown, labOpen, labUp } from './lab.ts';
import type { LabStatus } from './lab.ts';
import { LabError } from './lab-error.ts';
import type { HostCount } from './lab-state.ts';
import { hostNetworks } from './network.ts';
import type { HostNetwork } from './network.ts';

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
  readonly dirtyArea?: number;
  readonly memory?: number;
  readonly machine?: string;
  readonly paused?: true;
  readonly shutOff?: true;
}

interface LinkFlags extends CommonOptions {
  readonly host?: string;
  readonly network?: HostNetwork;
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

function guestState(flags: GuestFlags): 'running' | 'paused' | 'shutOff' {
  if (flags.shutOff === true) return 'shutOff';
  return flags.paused === true ? 'paused' : 'running';
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
    dirtyMiBPerS: flags.dirty,
    dirtyMiB: flags.dirtyArea,
    memoryMiB: flags.memory,
    machine: flags.machine,
    state: guestState(flags),
  });
  print(
    flags,
    made,
    `${made.name} ${guestState(flags)} on ${made.host}\ndisk ${made.disk}\nserial ${made.serial}`,
  );
}

async function applyLink(host: LabHost, flags: LinkFlags): Promise<void> {
  if (flags.clear === true) await host.clearLink();
  if (flags.rate !== undefined) await host.setRate(flags.rate, flags.network);
  if (flags.down === true) await host.setLink('down', flags.network);
  if (flags.up === true) await host.setLink('up', flags.network);
  if (flags.dropPort !== undefined) {
    await host.dropPort({
      ports: flags.dropPort,
      direction: flags.direction ?? 'both',
      effect: flags.reset === true ? 'reset' : 'drop',
      network: flags.network,
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

/** Signals that end or steer a program, passed on to it as they come. */
const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

async function runExec(
  hostName: string,
  words: readonly string[],
  options: CommonOptions,
): Promise<void> {
  const [program = '', ...args] = words[0] === '--' ? words.slice(1) : words;
  await requireLab();
  const host = (await labOpen(options.name)).host(hostName);
  const child = host.spawn(program, args, {
    cwd: process.cwd(),
    environment: process.env,
    stdio: 'inherit',
  });
  for (const signal of passedOn) {
    // What is typed on a terminal reaches the program from there: passed on, it would come twice.
    const typed = signal === 'SIGINT' && process.stdin.isTTY;
    process.on(signal, () => !typed && child.kill(signal));
  }
  await once(child, 'exit');
  process.exitCode = child.exitCode ?? 128 + constants.signals[child.signalCode ?? 'SIGKILL'];
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
  command('guest <guest>', 'make a ticking guest and wait until it runs as asked')
    .requiredOption('--on <host>', 'the host on which it starts')
    .option('--shared', 'disks that all hosts see')
    .option('--disk <size>', 'size of its data disk', '64M')
    .option('--extra-disk <size>', 'a second, blank disk')
    .option('--nic', 'a network card')
    .option('--uefi', 'UEFI instead of BIOS')
    .option('--no-agent', 'no guest agent')
    .option('--dirty <mib_s>', 'dirty this much memory a second', mebibytes)
    .option('--dirty-area <mib>', 'over and over in an area of this size', mebibytes)
    .option('--memory <mib>', 'size of its memory', mebibytes)
    .option('--machine <type>', 'machine type, for example pc-q35-10.0')
    .option('--paused', 'pause it after its first tick')
    .option('--shut-off', 'only define it')
    .action(runGuest);
  command('link', "put a fault on a host's link, or on all")
    .option('--host <host>', 'one host only')
    .addOption(new Option('--network <network>', 'one of its two networks').choices(hostNetworks))
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
  // What follows the host is the program's own: its options are not ours.
  program.enablePositionalOptions();
  command('exec <host> <program...>', "run a program with a host's network, mounts and names")
    .passThroughOptions()
    .action(runExec);
  return program;
}
