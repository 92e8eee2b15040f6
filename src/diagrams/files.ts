import { allMachines } from './all-machines.ts';
import { chartOf } from './chart.ts';
import type { Chart } from './chart.ts';
import { toMermaid } from './mermaid.ts';

function indexOf(charts: ReadonlyMap<string, Chart>): string {
  const rows = [...charts].map(([name, chart]) => {
    const states = chart.nodes.length - 1;
    return `- [${name}](${name}.mmd) ([JSON](${name}.json)), ${states} states: ${chart.description}`;
  });
  return ['# Diagrams', '', 'Written by `npm run diagrams`.', '', ...rows, ''].join('\n');
}

/** Everything in the folder `diagrams`: text by file name, the same for the same machines. */
export function diagramFiles(): ReadonlyMap<string, string> {
  const charts = new Map([...allMachines()].map(([name, machine]) => [name, chartOf(machine)]));
  const drawn = [...charts].flatMap(([name, chart]): [string, string][] => [
    [`${name}.json`, `${JSON.stringify(chart, null, 2)}\n`],
    [`${name}.mmd`, toMermaid(chart)],
  ]);
  return new Map([...drawn, ['index.md', indexOf(charts)]]);
}
