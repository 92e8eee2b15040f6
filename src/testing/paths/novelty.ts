import type { Scene } from './scene.ts';
import type { SceneKeys } from './scene-key.ts';

/**
 * Which moments a round of the search goes on from. `traits`: those that show so many traits together
 * for the first time; in a chart of many regions that is far less than all of their combinations.
 * `contexts`: every outline, and of those with the same one so many.
 */
export type Breadth =
  | { readonly by: 'traits'; readonly together: 1 | 2 }
  | { readonly by: 'contexts'; readonly each: number };

export const breadths = (maxWidth: number): Breadth[] => {
  const widths: Breadth[] = [];
  for (let each = 1; each <= maxWidth; each *= 4) widths.push({ by: 'contexts', each });
  return [{ by: 'traits', together: 1 }, { by: 'traits', together: 2 }, ...widths];
};

/** Tells what is new in one round. */
export class Novelty {
  readonly #keys: SceneKeys;
  readonly #breadth: Breadth;
  readonly #outlines = new Map<string, Set<string>>();
  readonly #shown = new Set<number>();
  /** Something was left out that a broader round would follow. */
  isNarrow = false;

  constructor(keys: SceneKeys, breadth: Breadth) {
    this.#keys = keys;
    this.#breadth = breadth;
  }

  isNew(input: string, scene: Scene): boolean {
    const traits = this.#keys.traits(input, scene);
    const outline = traits.join();
    const wholes = this.#outlines.get(outline);
    if (this.#breadth.by === 'traits') {
      if (wholes !== undefined) {
        this.isNarrow = true;
        return false;
      }
      this.#outlines.set(outline, new Set());
      const isNew = this.#showsMore(traits, this.#breadth.together);
      if (!isNew) this.isNarrow = true;
      return isNew;
    }
    const known = wholes ?? new Set();
    const whole = this.#keys.whole(scene);
    if (known.has(whole)) return false;
    if (known.size >= this.#breadth.each) {
      this.isNarrow = true;
      return false;
    }
    this.#outlines.set(outline, known.add(whole));
    return true;
  }

  #showsMore(traits: readonly number[], together: 1 | 2): boolean {
    const before = this.#shown.size;
    for (const [index, one] of traits.entries()) {
      if (together === 1) this.#shown.add(one);
      else for (const other of traits.slice(index)) this.#shown.add(one * 65_536 + other);
    }
    return this.#shown.size > before;
  }
}
