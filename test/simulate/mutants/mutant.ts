import type { AnyStateMachine } from 'xstate';
import { assign } from 'xstate';

import type { AnySlot, BoundMachine } from '../../../src/engine/slots.ts';
import type { Hypervisor, Hypervisors } from '../../../src/ports/hypervisor.ts';
import type { MigrationLink } from '../../../src/ports/migration.ts';
import { bindAll } from '../bind-all.ts';
import type { Kind } from '../workflow-kinds.ts';

/** A bug on purpose, and the workflows in which it has to show. */
export interface Mutant {
  readonly name: string;
  readonly machine: Kind;
  readonly bind: (hypervisors: Hypervisors) => readonly BoundMachine[];
}

type Call = (...given: readonly unknown[]) => unknown;
/** A call of the port in place of the right one, which it may make. */
export type Wrong = (call: Call, given: readonly unknown[], host: Hypervisor) => unknown;

/** One call to a host is not what it should be, whoever makes it. */
export function wrongCall(
  name: string,
  machine: Kind,
  calls: Partial<Readonly<Record<keyof Hypervisor, Wrong>>>,
): Mutant {
  const through = (plain: Hypervisors): Hypervisors => ({
    ...plain,
    open: async (uri, signal) => withWrong(await plain.open(uri, signal), calls),
  });
  return { name, machine, bind: (hypervisors) => bindAll(through(hypervisors)) };
}

function withWrong(
  host: Hypervisor,
  calls: Partial<Readonly<Record<keyof Hypervisor, Wrong>>>,
): Hypervisor {
  return new Proxy(host, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      const wrong = Object.entries(calls).find(([call]) => call === name)?.[1];
      if (typeof value !== 'function') return value;
      const call: Call = (...given) => Reflect.apply(value, target, given);
      return wrong === undefined ? call : (...given: unknown[]) => wrong(call, given, target);
    },
  });
}

/** One phase that we drive is not what it should be. */
export function wrongLink(
  name: string,
  change: (link: MigrationLink) => Partial<MigrationLink>,
): Mutant {
  const through = (plain: Hypervisors): Hypervisors => ({
    ...plain,
    linkMigration: async (ends, signal) => {
      const link = await plain.linkMigration(ends, signal);
      const right: MigrationLink = {
        lost: link.lost,
        begin: link.begin.bind(link),
        prepare: link.prepare.bind(link),
        perform: link.perform.bind(link),
        finish: link.finish.bind(link),
        confirm: link.confirm.bind(link),
        close: link.close.bind(link),
      };
      return { ...right, ...change(right) };
    },
  });
  return { name, machine: 'liveMigration', bind: (hypervisors) => bindAll(through(hypervisors)) };
}

/** One chart decides wrongly, or keeps no record of something. */
export function wrongChart(
  name: string,
  machine: Kind,
  changed: string,
  how: {
    readonly guards?: Readonly<Record<string, boolean>>;
    readonly forgets?: readonly string[];
  },
): Mutant {
  const guards = Object.entries(how.guards ?? {}).map(([guard, is]) => [guard, () => is] as const);
  const actions = (how.forgets ?? []).map((action) => [action, assign({})] as const);
  const provided = { guards: Object.fromEntries(guards), actions: Object.fromEntries(actions) };
  let wrong: AnyStateMachine | null = null;
  const change = (bound: BoundMachine): BoundMachine => {
    if (bound.machine.id !== changed) return bound;
    requireNames(bound.machine, provided);
    wrong ??= bound.machine.provide(provided);
    return { ...bound, machine: wrong };
  };
  return { name, machine, bind: (hypervisors) => bindAll(hypervisors).map(change) };
}

/** One slot of a chart is bound to something else. */
export function wrongSlot(
  name: string,
  machine: Kind,
  place: { readonly of: string; readonly slot: string },
  change: (slot: AnySlot) => AnySlot,
): Mutant {
  const changed = (bound: BoundMachine): BoundMachine => {
    if (bound.machine.id !== place.of) return bound;
    const slot = bound.slots[place.slot];
    if (slot === undefined) throw new Error(`${place.of} has no slot ${place.slot}`);
    return { ...bound, slots: { ...bound.slots, [place.slot]: change(slot) } };
  };
  return {
    name,
    machine,
    bind: (hypervisors) => bindAll(hypervisors).map(changed),
  };
}

/** A bug in something that is not there would be no bug. */
function requireNames(
  { id, implementations }: AnyStateMachine,
  { actions, guards }: { readonly actions: object; readonly guards: object },
): void {
  for (const guard of Object.keys(guards))
    if (!(guard in implementations.guards)) throw new Error(`${id} has no guard ${guard}`);
  for (const action of Object.keys(actions))
    if (!(action in implementations.actions)) throw new Error(`${id} has no action ${action}`);
}
