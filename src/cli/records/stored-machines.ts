import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, StateValue } from 'xstate';
import { StateMachine } from 'xstate';
import { z } from 'zod';

import * as machines from '../../../machines/index.ts';
import type { RunRecord, StoredRun } from '../../ports/run-store.ts';
import { parseCommand } from '../tuning/parse-command.ts';

/** Every machine of which a run may stand on record. */
export const knownMachines = Object.values<unknown>(machines).filter(
  (value): value is AnyStateMachine => value instanceof StateMachine,
);

/** The machine of a stored run; `null`: this version of virtstate has none that fits. */
export function machineOf({ machine, version }: RunRecord): AnyStateMachine | null {
  return knownMachines.find((one) => one.id === machine && one.version === version) ?? null;
}

/** A state of a chart by its dotted path, from the outermost state to it; empty where there is none. */
export function statesAround(machine: AnyStateMachine, path: string): AnyStateNode[] {
  const around: AnyStateNode[] = [machine.root];
  for (const name of path.split('.')) {
    const inner = around.at(-1)?.states[name];
    if (inner === undefined) return [];
    around.push(inner);
  }
  return around;
}

const failure = z.looseObject({
  code: z.string(),
  message: z.string(),
  effect: z.enum(['none', 'done', 'unknown']),
});
const stateValue: z.ZodType<StateValue> = z.lazy(() =>
  z.union([z.string(), z.record(z.string(), stateValue)]),
);
const child = z.looseObject({ src: z.string(), snapshot: z.looseObject({ status: z.string() }) });
const persisted = z.looseObject({
  status: z.enum(['active', 'done', 'error', 'stopped']),
  value: stateValue,
  context: z.record(z.string(), z.unknown()),
  children: z.record(z.string(), child).default({}),
  output: z.looseObject({ failure: failure.nullable() }).optional().catch(undefined),
});

/** What a stored snapshot says, as far as a reader asks; `null`: it cannot be read. */
export function readSnapshot({ snapshot }: RunRecord): z.infer<typeof persisted> | null {
  return persisted.safeParse(snapshot).data ?? null;
}

/** A snapshot that can be asked, and drives nothing; `null`: no machine here fits the record. */
function askable(record: RunRecord): AnyMachineSnapshot | null {
  const machine = machineOf(record);
  const stored = readSnapshot(record);
  if (machine === null || stored === null) return null;
  try {
    return machine.resolveState({ value: stored.value, context: stored.context });
  } catch {
    // A state that this version does not have.
    return null;
  }
}

/** What can be asked of a run in the state in which it stands on record. */
export interface Standing {
  readonly tags: ReadonlySet<string>;
  /** Commands that the machine allows now. */
  readonly allowed: readonly string[];
}

/** Each as a person would type it. */
const commandLines = [
  'abort',
  'confirm',
  'undo',
  'bandwidth.set 1',
  'downtime.set 1',
  'postcopy.start',
  'force.complete',
  'postcopy.recover',
  'postcopy.giveUp',
];

/** `null`: no machine here fits the record, so nobody can tell. */
export function standingOf(family: readonly StoredRun[]): Standing | null {
  const active = family
    .map(({ record }) => record)
    .filter(({ finishedAtEpochMs }) => finishedAtEpochMs === null);
  const asked = active.map((record) => ({ record, snapshot: askable(record) }));
  const root = asked.find(({ record }) => record.parent === null);
  if (root === undefined || asked.some(({ snapshot }) => snapshot === null)) return null;
  const tags = new Set(asked.flatMap(({ snapshot }) => [...(snapshot?.tags ?? [])]));
  const accepts = (of: (typeof asked)[number], event: { readonly type: string }): boolean => {
    if (of.snapshot?.can(event) !== true) return false;
    // What a machine with a child at work takes it passes on, so the child must allow it, too.
    const children = asked.filter(({ record }) => record.parent?.runId === of.record.id);
    return children.length === 0 || children.some((one) => accepts(one, event));
  };
  const allowed = commandLines.filter((line) => {
    const parsed = parseCommand(line);
    return parsed.understood && accepts(root, parsed.command);
  });
  return { tags, allowed: allowed.map((line) => line.split(' ')[0] ?? line) };
}
