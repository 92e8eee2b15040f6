import type { FlagOptions } from './call-options.ts';
import { ProtocolError } from './errors.ts';
import { toInteger64, type Integer64 } from './integer64.ts';
import { cpuComparisons } from './names.ts';
import { connectProcedures } from './protocol/index.ts';
import type { Caller } from './rpc/connection-group.ts';

/** A libvirt version: `number` is major * 1 000 000 + minor * 1 000 + release, as libvirt packs it. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly release: number;
  readonly number: number;
}

export interface NodeInfo {
  readonly model: string;
  readonly memoryKiB: Integer64;
  readonly cpus: number;
  readonly mhz: number;
  /** NUMA cells. */
  readonly nodes: number;
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

/** Which emulator is meant; the daemon picks where nothing is said. */
export interface DomainCapabilitiesOptions extends FlagOptions {
  readonly emulator?: string | undefined;
  readonly arch?: string | undefined;
  readonly machine?: string | undefined;
  readonly virtType?: string | undefined;
}

/** The host's CPU next to the one asked about. */
export type CpuComparison = (typeof cpuComparisons)[number];

export function toTarget(options: DomainCapabilitiesOptions): {
  emulator: string | null;
  arch: string | null;
  machine: string | null;
  virtType: string | null;
  flags: number;
} {
  const { emulator = null, arch = null, machine = null, virtType = null, flags = 0 } = options;
  return { emulator, arch, machine, virtType, flags };
}

export function toVersion(packed: bigint): Version {
  const number = Number(packed);
  return {
    major: Math.trunc(number / 1_000_000),
    minor: Math.trunc(number / 1_000) % 1_000,
    release: number % 1_000,
    number,
  };
}

export function toCpuComparison(result: number): CpuComparison {
  const comparison = cpuComparisons[result];
  if (comparison === undefined) throw new ProtocolError(`${result} is no CPU comparison`);
  return comparison;
}

/** VIR_NODE_MEMORY_STATS_ALL_CELLS. */
const allCells = -1;

export async function readNodeMemoryStats(
  caller: Caller,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, Integer64>>> {
  const procedure = connectProcedures.nodeGetMemoryStats;
  const ask = (paramCount: number) =>
    caller.call(procedure, { paramCount, cell: allCells, flags: 0 }, signal);
  // Asked for none, the daemon tells how many there are.
  const { paramCount } = await ask(0);
  const { stats } = await ask(paramCount);
  return Object.fromEntries(stats.map((each) => [each.field, toInteger64(each.kibibytes)]));
}
