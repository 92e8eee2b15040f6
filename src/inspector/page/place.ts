/** Where in the page somebody is, as the fragment of its address has it: a link leads there again. */
export type Place =
  | { readonly page: 'list'; readonly filter: URLSearchParams }
  | {
      readonly page: 'run';
      readonly run: string;
      /** Place in the log; `null`: as it stands now. */
      readonly step: number | null;
      /** `null`: the one that fits. */
      readonly tab: string | null;
      readonly chart: string | null;
    };

export function readPlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?');
  const asked = new URLSearchParams(query);
  const run = /^\/runs\/([0-9A-Za-z-]{1,64})$/.exec(path)?.[1];
  if (run === undefined) return { page: 'list', filter: asked };
  const step = Number(asked.get('step') ?? '');
  return {
    page: 'run',
    run,
    step: Number.isInteger(step) && step > 0 ? step : null,
    tab: asked.get('tab'),
    chart: asked.get('chart'),
  };
}

export function runPlace(
  run: string,
  more: {
    readonly step?: number | null;
    readonly tab?: string | null;
    readonly chart?: string | null;
  } = {},
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(more))
    if (value !== null && value !== undefined) query.set(name, String(value));
  return `#/runs/${run}${query.size === 0 ? '' : `?${query}`}`;
}

export function listPlace(filter: URLSearchParams): string {
  return `#/runs${filter.size === 0 ? '' : `?${filter}`}`;
}
