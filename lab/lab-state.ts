import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { LabError } from './lab-error.ts';
import { withLock } from './lock.ts';
import { labPaths, labsDirectory } from './paths.ts';
import type { LabPaths } from './paths.ts';

const hostStateSchema = z.object({
  name: z.string().regex(/^host[A-D]$/),
  /** Distinct per host: libvirt refuses a migration between two daemons of one uuid. */
  uuid: z.uuid(),
  generation: z.enum(['packaged', 'newer']),
});

const labStateSchema = z.object({
  version: z.literal(2),
  name: z.string(),
  subnet: z.int().min(1).max(254),
  hosts: z.array(hostStateSchema).min(2).max(4),
});

/**
 * A host as the lab remembers it. `packaged` runs this machine's libvirt, `newer` that of the next
 * Debian.
 */
export type HostState = z.infer<typeof hostStateSchema>;
/** What a lab remembers between commands. */
export type LabState = z.infer<typeof labStateSchema>;

/** How many hosts a lab has. */
export type HostCount = 2 | 3 | 4;

/** Every host that a lab can have; the first two are of the packaged generation. */
export const hostNames: readonly string[] = ['hostA', 'hostB', 'hostC', 'hostD'];

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Parses a JSON file of the lab; null when there is none.
 * @throws {LabError} when it does not hold what it should.
 */
export async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readIfThere(file);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new LabError(`${file} is damaged: run 'npm run lab -- down', then 'up'`);
  }
}

/** Writes a JSON file so that readers see the old or the new one, never a part. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  const draft = `${file}.${process.pid}.new`;
  await writeFile(draft, `${JSON.stringify(value)}\n`);
  await rename(draft, file);
}

/** What is recorded about a lab; null when it is not there. */
export function readLabState(paths: LabPaths): Promise<LabState | null> {
  return readJson(paths.stateFile, labStateSchema);
}

async function subnetsInUse(): Promise<Set<number>> {
  const used = new Set<number>();
  for (const entry of await readdir(labsDirectory(), { withFileTypes: true })) {
    if (!entry.isDirectory() || !/^[a-z0-9]/.test(entry.name)) continue;
    const state = await readLabState(labPaths(entry.name)).catch(() => null);
    if (state !== null) used.add(state.subnet);
  }
  return used;
}

function newHost(index: number): HostState {
  return {
    name: `host${'ABCD'.charAt(index)}`,
    uuid: randomUUID(),
    generation: index >= 2 ? 'newer' : 'packaged',
  };
}

/**
 * The state of a lab with at least `hosts` hosts: the recorded one, completed, or a new one with a
 * subnet of its own.
 * @throws {LabError} when all 254 subnets are taken.
 */
export async function claimLabState(paths: LabPaths, hosts: HostCount): Promise<LabState> {
  return withLock('subnets', async () => {
    await mkdir(paths.dir, { recursive: true });
    const known = await readLabState(paths);
    const state = known ?? { version: 2, name: paths.name, subnet: await freeSubnet(), hosts: [] };
    const missing = Array.from({ length: hosts }, (_, index) => newHost(index)).slice(
      state.hosts.length,
    );
    const completed: LabState = { ...state, version: 2, hosts: [...state.hosts, ...missing] };
    await writeJson(paths.stateFile, completed);
    return completed;
  });
}

/** Forgets a lab; the directory of all labs goes with the last. */
export function releaseLabState(paths: LabPaths): Promise<void> {
  return withLock('subnets', async () => {
    await rm(paths.dir, { recursive: true, force: true });
    const others = await readdir(labsDirectory()).catch(() => ['']);
    if (others.length === 0) await rmdir(labsDirectory());
  });
}

async function freeSubnet(): Promise<number> {
  const used = await subnetsInUse();
  for (let subnet = 1; subnet <= 254; subnet += 1) if (!used.has(subnet)) return subnet;
  throw new LabError('all 254 lab subnets are in use: take a lab down');
}

/** A host's addresses, one on each network of the lab. */
export interface HostAddresses {
  readonly main: string;
  /** For memory and disk streams only, on a network of its own. */
  readonly migration: string;
}

/**
 * The addresses of a host, from its place in the lab's list.
 * @throws {LabError} when the lab has no such host.
 */
export function hostAddresses(state: LabState, hostName: string): HostAddresses {
  const index = state.hosts.findIndex((host) => host.name === hostName);
  if (index < 0) throw new LabError(`lab ${state.name} has no host ${hostName}`);
  const address = (last: number): string => `10.77.${state.subnet}.${last}`;
  return { main: address(index + 1), migration: address(index + 129) };
}
