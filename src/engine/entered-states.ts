import type { AnyMachineSnapshot, AnyStateNode } from 'xstate';

export interface EnteredState {
  readonly state: string;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
}

/** The innermost active states: what a snapshot's value names last on each branch. */
export function leavesOf(snapshot: AnyMachineSnapshot): AnyStateNode[] {
  return snapshot._nodes.filter(({ type }) => type === 'atomic' || type === 'final');
}

export function namesOf(snapshot: AnyMachineSnapshot): string[] {
  return leavesOf(snapshot).map(nameOf);
}

/** What is entered on the way from one snapshot over the next ones, in order. */
export function enteredStates(
  before: AnyMachineSnapshot | null,
  path: readonly AnyMachineSnapshot[],
): EnteredState[] {
  const entered: EnteredState[] = [];
  let active: readonly AnyStateNode[] = before?._nodes ?? [];
  for (const snapshot of path) {
    // XState keeps the list as long as it stays in the same states.
    if (snapshot._nodes === active) continue;
    for (const leaf of leavesOf(snapshot)) if (!active.includes(leaf)) entered.push(describe(leaf));
    active = snapshot._nodes;
  }
  return entered;
}

/** A chart's states stay as they are: each is described once. */
const described = new WeakMap<AnyStateNode, EnteredState>();

function describe(leaf: AnyStateNode): EnteredState {
  const known = described.get(leaf);
  if (known !== undefined) return known;
  const around = ancestors(leaf);
  const state: EnteredState = {
    state: leaf.path.join('.'),
    description: leaf.description,
    tags: [...new Set(around.flatMap(({ tags }) => tags))],
    meta: Object.assign({}, ...around.map(({ meta }) => meta).toReversed()),
  };
  described.set(leaf, state);
  return state;
}

function nameOf(leaf: AnyStateNode): string {
  return describe(leaf).state;
}

function ancestors(node: AnyStateNode): AnyStateNode[] {
  return node.parent === undefined ? [node] : [node, ...ancestors(node.parent)];
}
