import type { AnyStateNode } from 'xstate';

/** What makes a transition happen. `error` is the one that a failed effect takes. */
export type EdgeKind = 'event' | 'done' | 'error' | 'after' | 'always';

/** A named guard or action; `params` is `computed` where only a run knows them. */
export interface NamedCall {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>> | 'computed' | null;
}

/** A transition between two states, as drawn. */
export interface ChartEdge {
  readonly source: string;
  /** Ids; none where the transition only acts and stays. */
  readonly targets: readonly string[];
  readonly kind: EdgeKind;
  /** The event in words: its name, `done`, `error`, `after X`; empty for `always`. */
  readonly event: string;
  readonly guard: NamedCall | null;
  readonly actions: readonly NamedCall[];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Guards and actions come as a name, as `{ type, params }`, or inline as a function. */
function namedCall(call: unknown): NamedCall {
  if (typeof call === 'string') return { name: call, params: null };
  if (!isRecord(call) || typeof call['type'] !== 'string') return { name: 'inline', params: null };
  const params = call['params'];
  if (typeof params === 'function') return { name: call['type'], params: 'computed' };
  return { name: call['type'], params: isRecord(params) ? params : null };
}

/** With several invokes in one state it matters which one ended. */
function ended(word: 'done' | 'error', invokeId: string, node: AnyStateNode): string {
  return node.invoke.length > 1 ? `${word} (${invokeId})` : word;
}

function inWords(eventType: string, node: AnyStateNode): Pick<ChartEdge, 'kind' | 'event'> {
  const own = /^xstate\.(done\.actor|error\.actor|done\.state|after)\.(.+)$/.exec(eventType);
  const [, what, rest = ''] = own ?? [];
  switch (what) {
    case 'done.actor':
      return { kind: 'done', event: ended('done', rest, node) };
    case 'error.actor':
      return { kind: 'error', event: ended('error', rest, node) };
    case 'done.state':
      return { kind: 'done', event: 'all done' };
    case 'after': {
      const delay = rest.slice(0, rest.length - node.id.length - 1);
      return { kind: 'after', event: `after ${/^\d+$/.test(delay) ? `${delay} ms` : delay}` };
    }
    default:
      return eventType === '' ? { kind: 'always', event: '' } : { kind: 'event', event: eventType };
  }
}

/** The transitions that leave a state, in the order in which they are tried. */
export function edgesOf(node: AnyStateNode): ChartEdge[] {
  const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
  return transitions.map(({ eventType, target, guard, actions }) => ({
    source: node.id,
    targets: (target ?? []).map(({ id }) => id),
    ...inWords(eventType, node),
    guard: guard === undefined ? null : namedCall(guard),
    actions: actions.map(namedCall),
  }));
}
