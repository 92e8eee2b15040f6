import type { Asked, AskedChange, Entry, RunEnd, Settlement } from './history.ts';
import type { WorldPicture } from './picture.ts';
import type { Rule } from './rule.ts';
import { allRules } from './rules/all-rules.ts';
import type { Step } from './step.ts';
import { stepOf } from './step.ts';

/** An invariant that did not hold, and how the world came there. */
export interface Violation {
  readonly rule: string;
  readonly invariant: number;
  readonly says: string;
  /** What was seen. */
  readonly found: string;
  readonly atEpochMs: number;
  /** States entered and observations, the latest ones, in the order in which they came. */
  readonly path: readonly Step[];
  /** So many steps were made before those. */
  readonly earlierSteps: number;
}

/** A history as a whole. */
export interface Recording {
  readonly before: WorldPicture;
  readonly entries: readonly Entry[];
  /** `null`: it is not over. */
  readonly settlement: Settlement | null;
}

/** What is kept of the way: a monitor may watch for days. */
const stepsMax = 400;

/** Judges a history as it comes, by every rule; of each rule the first violation counts. */
export class Jury {
  readonly violations: Violation[] = [];
  readonly #before: WorldPicture;
  readonly #open = new Set<Rule>(allRules);
  readonly #judges = allRules.flatMap((rule) =>
    rule.when === 'always' ? [{ rule, judge: rule.begin() }] : [],
  );
  readonly #path: Step[] = [];
  #earlierSteps = 0;
  #asked: Asked | null = null;
  #change: AskedChange | null = null;
  #end: (RunEnd & { readonly runId: string }) | null = null;

  constructor(before: WorldPicture) {
    this.#before = before;
  }

  /** @returns what this entry broke */
  hear(entry: Entry): Violation[] {
    this.#noteStep(stepOf(entry));
    this.#noteRun(entry);
    return this.#judges.flatMap(({ rule, judge }) =>
      this.#convict(rule, judge(entry), entry.atEpochMs),
    );
  }

  /** @returns what the end of it all broke */
  settle({ after, ticks }: Settlement): Violation[] {
    const run = this.#end && { ...this.#end, asked: this.#asked, change: this.#change };
    const end = { before: this.#before, after, ticks, run };
    return allRules.flatMap((rule) =>
      rule.when === 'end' ? this.#convict(rule, rule.judge(end), after.atEpochMs) : [],
    );
  }

  #noteRun(entry: Entry): void {
    if (entry.kind === 'asked') this.#asked = entry.asked;
    if (entry.kind === 'askedChange') this.#change = entry.change;
    if (entry.kind === 'runFinished') this.#end = { ...entry.end, runId: entry.runId };
    // A run that goes on is to be judged by its own end.
    if (entry.kind === 'stateEntered' || entry.kind === 'runBroken') this.#end = null;
  }

  #noteStep(step: Step | null): void {
    if (step === null) return;
    this.#path.push(step);
    if (this.#path.length <= stepsMax) return;
    this.#path.shift();
    this.#earlierSteps += 1;
  }

  #convict(rule: Rule, found: string | null, atEpochMs: number): Violation[] {
    if (found === null || !this.#open.delete(rule)) return [];
    const { name, invariant, says } = rule;
    const way = { path: [...this.#path], earlierSteps: this.#earlierSteps };
    const violation = { rule: name, invariant, says, found, atEpochMs, ...way };
    this.violations.push(violation);
    return [violation];
  }
}

/** Every rule that a recorded history breaks, in the order in which they were broken. */
export function judgeRecording({ before, entries, settlement }: Recording): readonly Violation[] {
  const jury = new Jury(before);
  for (const entry of entries) jury.hear(entry);
  if (settlement !== null) jury.settle(settlement);
  return jury.violations;
}
