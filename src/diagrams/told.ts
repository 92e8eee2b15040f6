import type { Chart, ChartNode } from './chart.ts';
import { edgeLabel } from './edge-labels.ts';
import type { ChartEdge } from './edges.ts';

/** What a line about a state says: in words, or as the code has it. */
export interface ToldLine {
  readonly kind: 'description' | 'phase' | 'call' | 'runs' | 'stays' | 'jump' | 'failedJump';
  readonly text: string;
  /** The state that a jump leads to. */
  readonly target?: string;
}

const tagWords: ReadonlyMap<string, string> = new Map([
  ['pointOfNoReturn', 'point of no return'],
  ['guestPaused', 'guest paused'],
  ['guestFrozen', 'guest frozen'],
  ['rollingBack', 'rolling back'],
  ['waitingForOperator', 'waiting for an operator'],
  ['awaitingConfirmation', 'awaiting confirmation'],
]);

/** A tag that a reader of the chart should see at the state. Where a run may be aborted is told by its arrows. */
export interface ToldTag {
  readonly tag: string;
  readonly words: string;
}

/** Whether a transition only acts, and its state goes on: no arrow. */
export function stays({ source, targets }: ChartEdge): boolean {
  return targets.every((target) => target === source);
}

/** A state's name within the one around it; the machine's own id for the whole. */
export function nameOf({ path, id }: ChartNode): string {
  return path.at(-1) ?? id;
}

/** All that is told of a state beside its name and its tags, each on a line of any length. */
export function toldOf(node: ChartNode, chart: Chart): ToldLine[] {
  const { phase, call } = node.meta;
  const told: ToldLine[] = [{ kind: 'description', text: node.description }];
  if (typeof phase === 'string') told.push({ kind: 'phase', text: `phase ${phase}` });
  for (const { src, machine } of node.invokes)
    told.push({ kind: 'runs', text: `${machine === null ? 'runs' : 'machine'} ${src}` });
  if (typeof call === 'string') told.push({ kind: 'call', text: call });
  const staying = chart.edges.filter((edge) => edge.source === node.id && stays(edge));
  told.push(...stayTexts(staying).map((text): ToldLine => ({ kind: 'stays', text })));
  return told.filter(({ text }) => text !== '');
}

/** The tags of a state, in words. */
export function tagsOf({ tags }: ChartNode): ToldTag[] {
  return tags.flatMap((tag) => {
    const words = tagWords.get(tag);
    return words === undefined ? [] : [{ tag, words }];
  });
}

/** Events that do the same share a line. */
function stayTexts(edges: readonly ChartEdge[]): string[] {
  const byActions = Map.groupBy(edges, ({ actions }) => actions.map(({ name }) => name).join(', '));
  return [...byActions].map(([actions, those]) => {
    const events = those
      .map(edgeLabel)
      .filter((label) => label !== '')
      .join(', ');
    return [events, actions].filter((text) => text !== '').join(' / ');
  });
}
