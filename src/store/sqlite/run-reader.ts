import type { StreamProgress } from '../../ports/observation.ts';
import type {
  ArtefactRecord,
  JournalRow,
  RunFilter,
  RunRecord,
  RunSummary,
  StoredRun,
} from '../../ports/run-store.ts';
import type { Database, Row } from './database.ts';
import type { DrivenRun } from './driven-runs.ts';
import type { EngineSeat } from './engine-seat.ts';
import { stored } from './stored-shapes.ts';

/** A run at the top with those of its family that have not ended, and where all of them stand. */
export interface Family {
  readonly root: number;
  readonly rootId: string;
  readonly runs: StoredRun[];
  readonly places: Map<string, DrivenRun>;
}

const runRows = `
  select runs.*, tops.run_id as root_id, timers.timers from runs
  left join runs as tops on tops.id = runs.root
  left join timers on timers.run = runs.id`;

const topColumns = `
  select runs.id, run_id, machine, version, subject, started_at, finished_at, outcome,
    leases.engine, parked.failure, parked.at as parked_at`;

const allTops = `
  ${topColumns} from runs
  left join leases on leases.root = runs.id
  left join parked on parked.root = runs.id
  where runs.root is null`;

/** From the leases to their runs: what has ended long ago is not looked at. */
const unfinishedTops = `
  ${topColumns} from leases
  cross join runs on runs.id = leases.root
  left join parked on parked.root = runs.id
  where runs.root is null`;

/** Reads runs and what belongs to them. */
export class RunReader {
  readonly #database: Database;
  readonly #seat: EngineSeat;

  constructor(database: Database, seat: EngineSeat) {
    this.#database = database;
    this.#seat = seat;
  }

  load(runId: string): StoredRun | null {
    const row = this.#database.get(`${runRows} where runs.run_id = ?`, runId);
    return row === null ? null : toRun(row);
  }

  family(root: number): StoredRun[] {
    return this.#database
      .all(`${runRows} where runs.id = ? or runs.root = ? order by runs.id`, root, root)
      .map(toRun);
  }

  /** Families that nobody drives, with all their runs that have not ended; of those named only. */
  unheld(only?: readonly string[]): Family[] {
    const named = only === undefined ? null : new Set(only);
    const families = new Map<number, Family>();
    // From the leases to their runs: what has ended long ago is not looked at.
    const rows = this.#database.all(
      `select runs.*, tops.run_id as root_id, timers.timers, leases.root as top
       from leases
       cross join runs on runs.id = leases.root or runs.root = leases.root
       left join runs as tops on tops.id = runs.root
       left join timers on timers.run = runs.id
       where leases.engine is null order by runs.id`,
    );
    for (const row of rows) {
      const root = row.number('top');
      const rootId = row.textOrNull('root_id') ?? row.text('run_id');
      if (named?.has(rootId) === false) continue;
      const family: Family = families.get(root) ?? { root, rootId, places: new Map(), runs: [] };
      families.set(root, family);
      family.places.set(row.text('run_id'), { id: row.number('id'), root, rootId });
      if (row.numberOrNull('finished_at') === null) family.runs.push(toRun(row));
    }
    return [...families.values()];
  }

  list({ limit, ...filter }: RunFilter): RunSummary[] {
    const tops = filter.finished === false ? unfinishedTops : allTops;
    const { values, words } = conditionsOf(filter);
    const rows = this.#database.all(
      `${tops} ${words} order by runs.id desc limit ?`,
      ...values,
      limit ?? -1,
    );
    const views = new Map<number, RunSummary['holder']>();
    return rows.map((row) => this.#toSummary(row, views));
  }

  summary(rootId: string): RunSummary | null {
    const row = this.#database.get(`${allTops} and run_id = ?`, rootId);
    return row === null ? null : this.#toSummary(row, new Map());
  }

  journal(root: number, after: number): JournalRow[] {
    return this.#database
      .all(
        `select run_id, at, event, effect_key, before.names as before, after.names as after
         from journal
         join runs on runs.id = journal.run
         join states as before on before.id = from_states
         join states as after on after.id = to_states
         where run in (select id from runs where id = ? or root = ?) order by seq
         limit -1 offset ?`,
        root,
        root,
        after,
      )
      .map((row) => ({
        runId: row.text('run_id'),
        atEpochMs: row.number('at'),
        event: row.json('event', stored.event),
        from: row.json('before', stored.names),
        to: row.json('after', stored.names),
        effectKey: row.textOrNull('effect_key'),
      }));
  }

  artefacts(root: number): ArtefactRecord[] {
    return this.#database
      .all(
        `select artefacts from artefacts
         where run in (select id from runs where id = ? or root = ?) order by run`,
        root,
        root,
      )
      .flatMap((row) => row.json('artefacts', stored.artefacts));
  }

  progress(root: number): StreamProgress[] {
    return this.#database
      .all('select progress from progress where root = ? order by rowid', root)
      .map((row) => row.json('progress', stored.progress));
  }

  #toSummary(row: Row, views: Map<number, RunSummary['holder']>): RunSummary {
    const finishedAtEpochMs = row.numberOrNull('finished_at');
    const parkedAt = row.numberOrNull('parked_at');
    return {
      id: row.text('run_id'),
      machine: row.text('machine'),
      version: row.text('version'),
      subject: row.textOrNull('subject'),
      startedAtEpochMs: row.number('started_at'),
      finishedAtEpochMs,
      outcome: row.textOrNull('outcome'),
      states: this.#states(row.number('id'), finishedAtEpochMs === null),
      holder: this.#holder(row.numberOrNull('engine'), views),
      parked:
        parkedAt === null
          ? null
          : { failure: row.json('failure', stored.failure), atEpochMs: parkedAt },
    };
  }

  /** After the last step of each: of the run itself, and of those children that go on. */
  #states(root: number, withChildren: boolean): string[] {
    return this.#database
      .all(
        `select names from runs
         join journal on journal.seq = (select max(seq) from journal where run = runs.id)
         join states on states.id = to_states
         where runs.id = ? or (? and runs.root = ? and finished_at is null) order by runs.id`,
        root,
        withChildren ? 1 : 0,
        root,
      )
      .flatMap((row) => row.json('names', stored.names));
  }

  /** Each engine is looked at once for a whole list. */
  #holder(engine: number | null, views: Map<number, RunSummary['holder']>): RunSummary['holder'] {
    if (engine === null) return null;
    const known = views.get(engine);
    if (known !== undefined) return known;
    const row = this.#database.get('select * from engines where id = ?', engine);
    const view = row === null ? null : this.#seat.view(row);
    views.set(engine, view);
    return view;
  }
}

/** Which runs a filter leaves, as conditions on `runs` and `leases`. */
function conditionsOf({ beginning, before, finished, machine, outcome, subject }: RunFilter) {
  const chosen = [
    { words: 'and leases.root is null', values: [], isAsked: finished === true },
    { words: 'and machine = ?', values: [machine ?? ''], isAsked: machine !== undefined },
    { words: 'and subject = ?', values: [subject ?? ''], isAsked: subject !== undefined },
    { words: 'and outcome = ?', values: [outcome ?? ''], isAsked: outcome !== undefined },
    {
      // Unlike `like` it takes the index, and every character as it is; ids are ASCII.
      words: 'and run_id >= ? and run_id < ?',
      values: [beginning ?? '', `${beginning ?? ''}\u{10ffff}`],
      isAsked: beginning !== undefined,
    },
    {
      words: 'and runs.id < (select id from runs where run_id = ? and root is null)',
      values: [before ?? ''],
      isAsked: before !== undefined,
    },
  ].filter(({ isAsked }) => isAsked);
  return {
    words: chosen.map(({ words }) => words).join(' '),
    values: chosen.flatMap(({ values }) => values),
  };
}

function toRun(row: Row): StoredRun {
  const parentRunId = row.textOrNull('parent_run_id');
  const record: RunRecord = {
    id: row.text('run_id'),
    rootId: row.textOrNull('root_id') ?? row.text('run_id'),
    machine: row.text('machine'),
    version: row.text('version'),
    parent:
      parentRunId === null ? null : { runId: parentRunId, invokeId: row.text('parent_invoke_id') },
    subject: row.textOrNull('subject'),
    snapshot: row.json('snapshot', stored.snapshot),
    entries: row.json('entries', stored.entries),
    startedAtEpochMs: row.number('started_at'),
    finishedAtEpochMs: row.numberOrNull('finished_at'),
    outcome: row.textOrNull('outcome'),
  };
  const timers = row.textOrNull('timers') === null ? [] : row.json('timers', stored.timers);
  return { record, timers };
}
