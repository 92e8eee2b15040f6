import { StoreError } from '../../../src/ports/run-store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/index.ts';

// `node open-unprivileged.ts PATH`: root may write anywhere, so it becomes somebody else first.
const nobody = 65_534;
if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(nobody);
  process.setuid?.(nobody);
}

function open(path: string): { readonly code: string; readonly message: string } {
  try {
    openSqliteStore(path);
    return { code: 'opened', message: '' };
  } catch (error) {
    const code = error instanceof StoreError ? error.code : 'bug';
    return { code, message: error instanceof Error ? error.message : String(error) };
  }
}

process.send?.(open(process.argv[2] ?? ''), () => process.exit());
