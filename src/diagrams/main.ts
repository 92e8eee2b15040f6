import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diagramFiles } from './files.ts';
import { stateFiles } from './state-reference.ts';

const root = join(import.meta.dirname, '..', '..');
const folders = new Map([
  ['diagrams', await diagramFiles()],
  ['docs/states', stateFiles()],
]);

for (const [name, files] of folders) {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true });
  for (const [file, text] of files) await writeFile(join(folder, file), text);
  // A machine that is gone takes its files with it.
  for (const file of await readdir(folder)) if (!files.has(file)) await rm(join(folder, file));
  process.stdout.write(`${files.size} files in ${name}\n`);
}
