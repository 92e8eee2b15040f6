import type { ChartNode } from './chart.ts';

/** How states of one meaning are drawn. */
export interface Look {
  readonly name: string;
  readonly style: string;
  readonly fits: (node: ChartNode) => boolean;
}

const isFinal =
  (key?: string) =>
  ({ type, path }: ChartNode): boolean =>
    type === 'final' && (key === undefined || path.at(-1) === key);
const hasTag =
  (tag: string) =>
  ({ tags }: ChartNode): boolean =>
    tags.includes(tag);

/** What a state means for the guest; the first that fits holds. */
export const looks: readonly Look[] = [
  {
    name: 'good',
    style: 'fill:#d9f2d9,stroke:#2e7d32,color:#111',
    fits: isFinal('completed'),
  },
  {
    name: 'bad',
    style: 'fill:#fbd5d5,stroke:#b71c1c,stroke-width:3px,color:#111',
    fits: isFinal('needsOperator'),
  },
  { name: 'asBefore', style: 'fill:#eeeeee,stroke:#616161,color:#111', fits: isFinal() },
  {
    name: 'rollingBack',
    style: 'fill:#ffe9c7,stroke:#e65100,color:#111',
    fits: hasTag('rollingBack'),
  },
  {
    name: 'pointOfNoReturn',
    style: 'fill:#e3eefb,stroke:#0d47a1,stroke-width:3px,color:#111',
    fits: hasTag('pointOfNoReturn'),
  },
];
