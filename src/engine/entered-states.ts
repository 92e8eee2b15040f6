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
  let active = new Set(before === null ? [] : leavesOf(before));
  for (const snapshot of path) {
    const leaves = leavesOf(snapshot);
    for (const leaf of leaves) if (!active.has(leaf)) entered.push(describe(leaf));
    active = new Set(leaves);
  }
  return entered;
}

function describe(leaf: AnyStateNode): EnteredState {
  const around = ancestors(leaf);
  return {
    state: nameOf(leaf),
    description: leaf.description,
    tags: [...new Set(around.flatMap(({ tags }) => tags))],
    meta: Object.assign({}, ...around.map(({ meta }) => meta).toReversed()),
  };
}

function nameOf(node: AnyStateNode): string {
  return node.path.join('.');
}

function ancestors(node: AnyStateNode): AnyStateNode[] {
  return node.parent === undefined ? [node] : [node, ...ancestors(node.parent)];
}
