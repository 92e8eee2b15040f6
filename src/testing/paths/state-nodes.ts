import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';

export function statesWithin(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(statesWithin)];
}

export function transitionsOf({ always, transitions }: AnyStateNode): AnyTransitionDefinition[] {
  return [...[...transitions.values()].flat(), ...(always ?? [])];
}

/** As far as the root of its machine, itself first. */
export function around(state: AnyStateNode): AnyStateNode[] {
  return state.parent === undefined ? [state] : [state, ...around(state.parent)];
}

export function stateName({ machine, path }: AnyStateNode): string {
  return path.length === 0 ? machine.id : path.join('.');
}

export function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  if (typeof guard !== 'object' || guard === null || !('type' in guard)) return 'inline';
  const params = 'params' in guard ? guard.params : undefined;
  const values = typeof params === 'object' && params !== null ? Object.values(params) : [];
  return values.length === 0 ? String(guard.type) : `${String(guard.type)} ${values.join(' ')}`;
}
