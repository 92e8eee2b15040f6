export { allMachines } from './all-machines.ts';
export { chartOf } from './chart.ts';
export type { Chart, ChartInvoke, ChartNode } from './chart.ts';
export type { ChartEdge, EdgeKind, NamedCall } from './edges.ts';
export { toMermaid } from './mermaid.ts';
