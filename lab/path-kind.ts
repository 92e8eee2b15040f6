import { stat } from 'node:fs/promises';

/** Whether a path exists and what it is; null when there is nothing. */
export async function pathKind(path: string): Promise<'directory' | 'file' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
