import { writeFile } from 'node:fs/promises';
import { z } from 'zod';

import { didYouMean } from '../../requests/nearest.ts';
import type { Chart, DiagramFormat } from '../../diagrams/index.ts';
import type { Surroundings } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { exitStatus } from '../exit-status.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { readOptions } from '../options/read-options.ts';
import { UsageError } from '../options/usage-error.ts';

/** commander has checked the format already. */
const ownOptions = z.object({
  format: z.enum(['svg', 'mmd', 'json']),
  out: z.string().min(1).optional(),
});

/**
 * `virtstate diagram`: a machine as a picture, as text or as nodes and edges; without a name, the machines
 * that there are. No host is asked.
 *
 * @throws UsageError
 */
export async function diagram(
  name: string | undefined,
  options: Record<string, unknown>,
  { output }: Surroundings,
): Promise<number> {
  const isJson = readCommonOptions(options).style === 'json';
  const { format, out } = readOptions(ownOptions, options);
  const { allMachines, chartOf, drawDiagram } = await import('../../diagrams/index.ts');
  const charts = new Map([...allMachines()].map(([own, machine]) => [own, chartOf(machine)]));
  if (name === undefined) {
    for (const line of listed(charts, isJson)) output.print(line);
    return exitStatus.completed;
  }
  const drawn = await drawDiagram(chartNamed(name, charts), format);
  const told = { type: 'diagram', machine: name, format };
  if (out === undefined) {
    if (isJson) output.print(JSON.stringify({ ...told, text: drawn }));
    else output.write(drawn);
    return exitStatus.completed;
  }
  await writeTo(out, drawn);
  output.print(isJson ? JSON.stringify({ ...told, file: out }) : wordsFor(name, format, out));
  return exitStatus.completed;
}

function listed(charts: ReadonlyMap<string, Chart>, isJson: boolean): string[] {
  const width = Math.max(...[...charts.keys()].map(({ length }) => length));
  return [...charts].map(([machine, { description }]) =>
    isJson
      ? JSON.stringify({ type: 'machine', machine, description })
      : `${machine.padEnd(width)}  ${description}`,
  );
}

function chartNamed(name: string, charts: ReadonlyMap<string, Chart>): Chart {
  const chart = charts.get(name);
  if (chart !== undefined) return chart;
  const names = [...charts.keys()];
  const nearest = didYouMean(name, names) || `; there is ${names.join(', ')}`;
  throw new UsageError(`no machine "${name}"${nearest}`);
}

async function writeTo(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    const reason = error instanceof Error ? oneLine(error.message) : 'it cannot be written';
    throw new UsageError(`--out ${file}: ${reason}`, { cause: error });
  }
}

function wordsFor(name: string, format: DiagramFormat, file: string): string {
  return `${name} drawn as ${format} to ${file}`;
}
