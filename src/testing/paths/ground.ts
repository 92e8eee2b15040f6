import type { AnyStateMachine } from 'xstate';

import type { Alphabet } from './alphabet.ts';
import { isHeardIn } from './moves.ts';
import { PathError } from './path-error.ts';
import type { Part } from './scene.ts';
import { preparePart } from './scene.ts';
import { SceneKeys } from './scene-key.ts';
import type { SearchBounds } from './search.ts';
import { Targets } from './targets.ts';

export interface GroundOptions {
  readonly bounds?: Partial<SearchBounds>;
}

const usualBounds: SearchBounds = { maxSteps: 400_000, maxWidth: 256, maxMoves: 200 };

/** A machine with its alphabet, made ready to be walked. */
export class Ground {
  readonly part: Part;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly targets = new Targets();
  readonly keys = new SceneKeys();
  readonly bounds: SearchBounds;

  constructor(machine: AnyStateMachine, alphabet: Alphabet, options: GroundOptions) {
    this.part = preparePart(machine, alphabet);
    this.inputs = alphabet.inputs;
    this.bounds = { ...usualBounds, ...options.bounds };
    this.#addTargets(machine.id, this.part);
  }

  #addTargets(chart: string, part: Part): void {
    const { root } = part.stepper;
    const unheard = (part.letters.events ?? []).filter(({ type }) => !isHeardIn(root, type));
    if (unheard.length > 0)
      throw new PathError(
        'noEvent',
        `${chart} never hears ${unheard.map(({ type }) => type).join(', ')}`,
      );
    this.targets.add(chart, part);
    for (const [src, child] of Object.entries(part.children))
      this.#addTargets(`${chart}/${src}`, child);
  }
}
