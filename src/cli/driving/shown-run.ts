import type { RunStore, RunSummary, StoredRun } from '../../ports/run-store.ts';
import type { Presenter, Style, Surroundings } from '../display/presenters.ts';
import { createPresenter } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import type { Ends } from '../records/sealed.ts';
import { openSealed } from '../records/sealed.ts';
import type { AskedMigration } from './asked.ts';
import { askedOfRecord, headerOf, uuidOfRecord } from './asked.ts';

interface Showing {
  readonly style: Style;
  readonly surroundings: Surroundings;
  /** So many characters of their ids tell the runs apart. */
  readonly idLength: number;
}

/** A run from its record, as it is shown when it goes on. */
export class ShownRun {
  readonly uuid: string | null;
  /** By which its hosts are looked at at its end; `null`: its record tells of none. */
  readonly reach: Ends | null;
  readonly #summary: RunSummary;
  readonly #family: readonly StoredRun[];
  readonly #showing: Showing;
  #presenter: Presenter | null = null;

  private constructor(
    summary: RunSummary,
    family: readonly StoredRun[],
    reach: Ends | null,
    showing: Showing,
  ) {
    this.#summary = summary;
    this.reach = reach;
    this.#family = family;
    this.#showing = showing;
    this.uuid = uuidOfRecord(family);
  }

  /** Reads what goes with the end of the run, too. @throws StoreError */
  static async read(store: RunStore, summary: RunSummary, showing: Showing): Promise<ShownRun> {
    const family = await store.family(summary.id);
    const [root] = family;
    const asked = root === undefined ? null : askedOfRecord(root);
    const reach = asked === null ? null : await openSealed(store, asked);
    return new ShownRun(summary, family, reach, showing);
  }

  /** @throws on a record of something else: recovery parks what fits no machine of ours */
  get asked(): AskedMigration {
    const [root] = this.#family;
    const asked = root === undefined ? null : askedOfRecord(root);
    if (asked === null) throw new Error(`run ${this.#summary.id} is no migration`);
    return asked;
  }

  /** Made when there is something to show: it begins with a title. */
  get presenter(): Presenter {
    const { style, surroundings, idLength } = this.#showing;
    const { id, subject, startedAtEpochMs } = this.#summary;
    this.#presenter ??= createPresenter(style, headerOf(this.asked), surroundings, {
      run: id,
      words: oneLine(`${id.slice(0, idLength)} ${subject ?? ''}`),
      startedAtEpochMs,
    });
    return this.#presenter;
  }
}
