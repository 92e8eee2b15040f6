type NodeSqlite = typeof import('node:sqlite');

let loaded: NodeSqlite | null = null;

/**
 * Node's SQLite. Older versions of Node print that it is experimental when it is loaded: that says
 * nothing to who runs this program, and is kept from their terminal.
 */
export function loadNodeSqlite(): NodeSqlite {
  if (loaded !== null) return loaded;
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    loaded = process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
  return loaded;
}
