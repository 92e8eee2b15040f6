import type { Chart } from './chart.ts';
import { layoutChart } from './layout.ts';
import { toMermaid } from './mermaid.ts';
import { toSvg } from './svg.ts';

/** A picture, text that code hosts draw, or nodes and edges; files are named by it. */
export type DiagramFormat = 'svg' | 'mmd' | 'json';

/** Draws a chart: the same text for the same machine. */
export async function drawDiagram(chart: Chart, format: DiagramFormat): Promise<string> {
  switch (format) {
    case 'svg':
      return toSvg(await layoutChart(chart));
    case 'mmd':
      return toMermaid(chart);
    case 'json':
      return `${JSON.stringify(chart, null, 2)}\n`;
  }
}
