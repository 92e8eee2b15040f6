import { readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';

import { chartStyle } from '../diagrams/svg-style.ts';

/** One file of the page, as a browser gets it. */
export interface PageFile {
  readonly mediaType: string;
  readonly body: string;
}

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

/**
 * All files of the page by name: what stands in `static`, and its scripts as the build left them, or,
 * unbuilt, with their types taken out.
 *
 * @param folders with the path of the package's root
 */
export async function readPage(folders: {
  readonly scripts: string;
  readonly statics: string;
}): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  for (const folder of [folders.statics, folders.scripts])
    for (const name of await readdir(folder)) {
      const mediaType = name.endsWith('.d.ts') ? undefined : mediaTypes[extname(name)];
      if (mediaType === undefined) continue;
      const body = await readFile(join(folder, name), 'utf8');
      files.set(name, { mediaType, body: name.endsWith('.ts') ? await toScript(body) : body });
    }
  const lit = files.get('lit.css')?.body ?? '';
  files.set('chart.css', { mediaType: mediaTypes['.css'] ?? '', body: `${chartStyle()}${lit}` });
  // The page names its first script as the build does.
  const main = files.get('main.ts');
  if (main !== undefined) files.set('main.js', main);
  return files.set('index.html', withPreloads(files));
}

/** What holds types alone is asked for by nobody. */
const holdsCode = ({ body }: PageFile): boolean => /^export (?!\{)/m.test(body);

/** One script names the next: asked for at once, they come in one round trip. */
function withPreloads(files: ReadonlyMap<string, PageFile>): PageFile {
  const scripts = [...files].filter(([name, file]) => /\.[jt]s$/.test(name) && holdsCode(file));
  const links = scripts.map(([name]) => `<link rel="modulepreload" href="/inspector/${name}" />`);
  const { body = '', mediaType = '' } = files.get('index.html') ?? {};
  return { mediaType, body: body.replace('</head>', `${links.join('')}</head>`) };
}

async function toScript(source: string): Promise<string> {
  const { stripTypeScriptTypes } = await import('node:module');
  return stripTypeScriptTypes(source);
}
