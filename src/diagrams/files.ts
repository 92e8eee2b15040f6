import { allMachines } from './all-machines.ts';
import { chartOf } from './chart.ts';
import type { Chart } from './chart.ts';
import { drawDiagram } from './draw.ts';

const formats = ['svg', 'mmd', 'json'] as const;

function indexOf(charts: ReadonlyMap<string, Chart>): string {
  const rows = [...charts].map(([name, { nodes, description }]) => {
    const others = `[Mermaid](${name}.mmd), [JSON](${name}.json)`;
    return `- [${name}](${name}.svg) (${others}), ${nodes.length - 1} states: ${description}`;
  });
  return ['# Diagrams', '', 'Written by `npm run diagrams`.', '', ...rows, ''].join('\n');
}

/** Everything in the folder `diagrams`: text by file name, the same for the same machines. */
export async function diagramFiles(): Promise<ReadonlyMap<string, string>> {
  const charts = new Map([...allMachines()].map(([name, machine]) => [name, chartOf(machine)]));
  const files = new Map<string, string>();
  for (const [name, chart] of charts)
    for (const format of formats) files.set(`${name}.${format}`, await drawDiagram(chart, format));
  return files.set('index.md', indexOf(charts));
}
