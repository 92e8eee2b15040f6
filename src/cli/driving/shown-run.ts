import type { RunStore, RunSummary, StoredRun } from '../../ports/run-store.ts';
import type { Presenter, Style, Surroundings } from '../display/presenters.ts';
import { createPresenter } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { openSealed } from '../records/sealed.ts';
import { shownOfRecord, uuidOfRecord } from '../workflows/of-record.ts';
import type { ShownWorkflow } from '../workflows/shown-workflow.ts';

interface Showing {
  readonly style: Style;
  readonly surroundings: Surroundings;
  /** So many characters of their ids tell the runs apart. */
  readonly idLength: number;
  /** It is the only one that is shown. */
  readonly isAlone: boolean;
}

/** A run from its record, as it is shown when it goes on. */
export class ShownRun {
  readonly uuid: string | null;
  /** By which its hosts are looked at at its end; `null`: its record tells of none. */
  readonly reach: readonly string[] | null;
  readonly #summary: RunSummary;
  readonly #family: readonly StoredRun[];
  readonly #showing: Showing;
  #presenter: Presenter | null = null;

  private constructor(
    summary: RunSummary,
    family: readonly StoredRun[],
    reach: readonly string[] | null,
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
    const shown = root === undefined ? null : shownOfRecord(root);
    const uris = shown?.places.map(({ uri }) => uri) ?? null;
    const reach = uris === null ? null : await openSealed(store, uris);
    return new ShownRun(summary, family, reach, showing);
  }

  /** @throws on a record of something else: recovery parks what fits no machine of ours */
  get shown(): ShownWorkflow {
    const [root] = this.#family;
    const shown = root === undefined ? null : shownOfRecord(root);
    if (shown === null) throw new Error(`run ${this.#summary.id} is of no workflow of ours`);
    return shown;
  }

  /** Made when there is something to show: it begins with a title. */
  get presenter(): Presenter {
    const { idLength, isAlone, style, surroundings } = this.#showing;
    const { id, subject, startedAtEpochMs } = this.#summary;
    const words = oneLine(`${id.slice(0, idLength)} ${subject ?? ''}`);
    const label = isAlone ? null : { run: id, words, startedAtEpochMs };
    this.#presenter ??= createPresenter(style, this.shown, surroundings, label);
    return this.#presenter;
  }
}
