import { parseArgs } from 'node:util';

import type { Kind } from './workflow-kinds.ts';
import { kinds } from './workflow-kinds.ts';

export const usage = `simulate --seeds N [--seed FIRST] [--machine M] [--faults SHARE] [--log]
simulate --seed S --script FILE
simulate --mutants [--seeds N]
  Random workflows on random hosts, in virtual time, with faults; the invariants are judged after every step.
  --seeds N       how many; 1 000 without a word
  --seed FIRST    the first of them; 1 without a word
  --machine M     only workflows of that machine, as live-migration
  --faults SHARE  of the seeds that get faults, from 0 to 1; 0.8 without a word
  --script FILE   the faults and workflows of that file (JSON, as a failure prints it) in place of the seed's own
  --log           prints what happened, line by line
  --mutants       breaks the workflows on purpose, one way after the other: each has to be caught
`;

export interface Arguments {
  readonly seeds: number;
  readonly firstSeed: number;
  readonly machine: Kind | null;
  readonly faultChance: number;
  readonly scriptPath: string | null;
  readonly log: boolean;
  readonly mutants: boolean;
}

/** @throws Error that says what is wrong */
export function readArguments(given: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...given],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      machine: { type: 'string' },
      faults: { type: 'string' },
      script: { type: 'string' },
      log: { type: 'boolean' },
      mutants: { type: 'boolean' },
    },
  });
  const { faults, log = false, machine, mutants = false, script, seed, seeds } = values;
  const faultChance = faults === undefined ? 0.8 : Number(faults);
  if (!(faultChance >= 0 && faultChance <= 1)) throw new Error(`--faults ${faults}: from 0 to 1`);
  const only = seed !== undefined && (seeds === undefined || script !== undefined);
  return {
    seeds: only && !mutants ? 1 : wholeNumber('--seeds', seeds ?? '1000'),
    firstSeed: wholeNumber('--seed', seed ?? '1'),
    machine: machine === undefined ? null : kindOf(machine),
    faultChance,
    scriptPath: script ?? null,
    log,
    mutants,
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${option} ${text}: not a whole number`);
  return Number(text);
}

/** In the words of the command line or of the machine. */
function kindOf(name: string): Kind {
  const id = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const kind = kinds.find((each) => each === id);
  if (kind === undefined) throw new Error(`--machine ${name}: there are ${kinds.join(', ')}`);
  return kind;
}
