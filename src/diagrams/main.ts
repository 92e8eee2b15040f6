import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diagramFiles } from './files.ts';

const folder = join(import.meta.dirname, '..', '..', 'diagrams');
const files = diagramFiles();

await mkdir(folder, { recursive: true });
for (const [name, text] of files) await writeFile(join(folder, name), text);
// A machine that is gone takes its diagram with it.
for (const name of await readdir(folder)) if (!files.has(name)) await rm(join(folder, name));
process.stdout.write(`${files.size} files in diagrams\n`);
