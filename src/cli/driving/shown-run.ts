import type { RunSummary, StoredRun } from '../../ports/run-store.ts';
import type { Presenter, Style, Surroundings } from '../display/presenters.ts';
import { createPresenter } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
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
  readonly #summary: RunSummary;
  readonly #family: readonly StoredRun[];
  readonly #showing: Showing;
  #presenter: Presenter | null = null;

  constructor(summary: RunSummary, family: readonly StoredRun[], showing: Showing) {
    this.#summary = summary;
    this.#family = family;
    this.#showing = showing;
    this.uuid = uuidOfRecord(family);
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
