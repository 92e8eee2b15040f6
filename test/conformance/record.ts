import { z } from 'zod';

const diskSchema = z.object({
  /** What runs, or what the definition says of a guest that is off. */
  path: z.string().nullable(),
  format: z.string(),
  blockJob: z.string().nullable(),
  /** What the next boot takes. */
  configured: z.string().nullable(),
});

const snapshotSchema = z.object({
  name: z.string(),
  parent: z.string().nullable(),
  current: z.boolean(),
  state: z.string(),
  memory: z.string(),
  disks: z.record(z.string(), z.string()),
});

const hostSchema = z.object({
  domain: z
    .object({
      state: z.string(),
      reason: z.string(),
      persistent: z.boolean(),
      managedSave: z.boolean(),
      job: z.string().nullable(),
      claims: z.number(),
      disks: z.record(z.string(), diskSchema),
      snapshots: z.array(snapshotSchema),
    })
    .nullable(),
  /** A QEMU of the guest's is there, whatever the daemon knows. */
  qemu: z.boolean(),
  files: z.array(z.string()),
});

/** What a host has in the end. */
export type FinalHost = z.infer<typeof hostSchema>;

/** Schema of a record's file. */
export const recordSchema = z.object({
  outcome: z.string(),
  failure: z
    .object({ code: z.string(), effect: z.string(), libvirt: z.number().nullable() })
    .nullable(),
  /** Of each chart and each region of its parallel states, in order. */
  states: z.record(z.string(), z.array(z.string())),
  /** What each host told of the guest, in order, as the port has it. */
  events: z.record(z.string(), z.array(z.string())),
  world: z.record(z.string(), hostSchema),
});

/** What a play came to, without names, times and anything else that differs between two plays. */
export type PlayRecord = z.infer<typeof recordSchema>;

/** The longest turn of a wait that comes round again: it asks, hears nothing, sleeps, asks. */
const turnLengthMax = 6;

/**
 * Turns that come round several times, told once: how often a host is asked while one waits for it
 * depends on its speed alone.
 */
export function withoutRepeats(words: readonly string[]): string[] {
  let told: string[] = [];
  for (const word of words) {
    told.push(word);
    for (let length = 1; length <= turnLengthMax; length += 1)
      if (isTwice(told, length)) told = told.slice(0, -length);
  }
  return told;
}

/** Where one waits for a host, by the last word of the state. */
const waits = new Set(['waiting', 'silent']);

/**
 * States of a strand, without turns that come round again, without a wait that ends where it began
 * (whether a host that was asked too early has to be asked again depends on its speed), and without
 * the wait for what may be told before the choice is made.
 */
export function normalStates(states: readonly string[]): string[] {
  const told: string[] = [];
  for (const state of withoutRepeats(states)) {
    const before = told.at(-1) ?? '';
    const isBack = told.at(-2) === state && waits.has(before.split('.').at(-1) ?? '');
    const mayBeSkipped =
      state.endsWith('.awaiting') && before === state.replace(/\w+$/, 'choosing');
    if (isBack) told.pop();
    else if (!mayBeSkipped) told.push(state);
  }
  return withoutRepeats(told);
}

function isTwice(words: readonly string[], length: number): boolean {
  if (words.length < 2 * length) return false;
  const last = words.slice(-length);
  const before = words.slice(-2 * length, -length);
  return last.every((word, index) => word === before[index]);
}
