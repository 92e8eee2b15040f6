/** "vsts": tells a store from any other SQLite database (`pragma application_id`). */
export const applicationId = 0x76_73_74_73;

/**
 * How each version of the schema is made of the one before; the first of nothing. What has been
 * released is never changed: a change is one more entry. Times are milliseconds since the epoch.
 */
export const schemaUpgrades: readonly string[] = [
  `
  -- Who drives runs. The name is part of the name of its lock file.
  create table engines (
    id integer primary key autoincrement,
    name text not null unique,
    pid integer not null,
    hostname text not null,
    started_at real not null,
    heartbeat_at real not null
  ) strict;

  -- One row a run; root is null at the top. The snapshot comes last: lists need not read it.
  create table runs (
    id integer primary key autoincrement,
    run_id text not null unique,
    root integer,
    machine text not null,
    version text not null,
    parent_run_id text,
    parent_invoke_id text,
    subject text,
    started_at real not null,
    finished_at real,
    outcome text,
    entries text not null,
    snapshot text not null
  ) strict;
  create index runs_of_root on runs (root);

  -- Unfinished runs at the top; engine is null where nobody drives it.
  create table leases (root integer primary key, engine integer) strict;

  -- Lists of states are written once and referred to.
  create table states (id integer primary key, names text not null unique) strict;
  create table journal (
    seq integer primary key,
    run integer not null,
    at real not null,
    event text not null,
    from_states integer not null,
    to_states integer not null,
    effect_key text
  ) strict;
  create index journal_of_run on journal (run);

  create table timers (run integer primary key, timers text not null) strict;
  create table artefacts (run integer primary key, artefacts text not null) strict;
  create table progress (
    root integer not null,
    stream text not null,
    progress text not null,
    unique (root, stream)
  ) strict;

  create table inbox (
    seq integer primary key autoincrement,
    root integer not null,
    event text not null,
    answer text
  ) strict;
  create index inbox_of_root on inbox (root);

  -- Locks and tickets are taken before a run has a row: they go by its name.
  create table locks (
    name text not null,
    run_id text not null,
    capacity integer not null,
    engine integer not null,
    unique (name, run_id)
  ) strict;
  create index locks_of_run on locks (run_id);
  create table tickets (
    id integer primary key autoincrement,
    run_id text not null unique,
    engine integer not null
  ) strict;
  create table wanted_locks (
    name text not null,
    ticket integer not null,
    primary key (name, ticket)
  ) strict, without rowid;

  create table secrets (id text primary key, root integer not null, sealed blob not null)
    strict, without rowid;
  create index secrets_of_root on secrets (root);
  create table parked (root integer primary key, failure text not null, at real not null) strict;
  `,
];
