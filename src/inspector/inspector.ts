import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnyStateMachine } from 'xstate';

import type { StoredRun } from '../ports/run-store.ts';
import type { PageFile } from './page-files.ts';
import { readPage } from './page-files.ts';
import type { FindMachine, ReadFrames } from './replay.ts';
import { replayFamily } from './replay.ts';

/** A machine's chart as the build drew it. */
export interface ChartFiles {
  /** Without its style sheet, which stands beside the page: it takes nothing inline. */
  readonly svg: string;
  /** Nodes and edges, as `virtstate diagram --format json` has them. */
  readonly json: string;
}

/** The page and what only it is told. */
export interface Inspector {
  /** Ids of all machines of which runs may stand on record. */
  readonly machines: readonly string[];
  /** `null`: the page has no file of that name. */
  file(name: string): Promise<PageFile | null>;
  /** By the machine's id; `null`: there is no such machine. */
  chart(machine: string): Promise<ChartFiles | null>;
  /** A reader of one journal from its beginning. */
  frames(family: () => Promise<readonly StoredRun[]>): ReadFrames;
}

/** @param machines all of which runs may stand on record */
export function createInspector(machines: readonly AnyStateMachine[]): Inspector {
  const find: FindMachine = (id, version) =>
    machines.find((one) => one.id === id && one.version === version) ?? null;
  const root = dirname(fileURLToPath(import.meta.resolve('virtstate/package.json')));
  const scripts = join(import.meta.dirname, 'page');
  const statics = join(root, 'src', 'inspector', 'static');
  let page: Promise<ReadonlyMap<string, PageFile>> | null = null;
  return {
    machines: machines.map(({ id }) => id),
    file: async (name) => (await (page ??= readPage({ scripts, statics }))).get(name) ?? null,
    chart: (machine) => readChart(join(root, 'diagrams'), machine),
    frames: (family) => replayFamily(family, find),
  };
}

/** A machine's id is its file's name in camel case. */
async function readChart(folder: string, machine: string): Promise<ChartFiles | null> {
  if (!/^[a-zA-Z0-9]{1,64}$/.test(machine)) return null;
  const name = machine.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  try {
    const [svg, json] = await Promise.all(
      ['svg', 'json'].map((ending) => readFile(join(folder, `${name}.${ending}`), 'utf8')),
    );
    if (svg === undefined || json === undefined) return null;
    return { svg: svg.replace(/<style>[^<]*<\/style>/, ''), json };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
