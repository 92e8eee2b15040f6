import type { Access, Chart, RunDetails, RunPage } from './wire.ts';

/** The service said no. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** Seconds to stay away, where it says so. */
  readonly retryAfterS: number | null;

  constructor(response: Response, detail: string) {
    super(detail);
    this.status = response.status;
    const after = Number(response.headers.get('retry-after') ?? '');
    this.retryAfterS = after > 0 ? after : null;
  }
}

/**
 * What a connection brings.
 * @throws where there is none, in words; browsers have words of their own for it, and few
 */
export async function heard<Brought>(asked: Promise<Brought>): Promise<Brought> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const why = 'the service does not answer: what is shown is what was last heard of it';
    throw new Error(why, { cause: error });
  }
}

const tokenKey = 'virtstate.token';

/** The service that this page came from; nothing else is ever asked. */
export class Server {
  /** Of this tab alone. */
  get #token(): string {
    return sessionStorage.getItem(tokenKey) ?? '';
  }

  useToken(token: string): void {
    sessionStorage.setItem(tokenKey, token);
  }

  /** @throws Refusal; Error where there is no connection */
  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token !== '') headers.set('authorization', `Bearer ${this.#token}`);
    const response = await heard(fetch(path, { ...init, headers }));
    if (response.ok) return response;
    throw new Refusal(response, await detailOf(response));
  }

  async access(): Promise<Access> {
    const access: Access = await (await this.ask('/v1/access')).json();
    return access;
  }

  async runs(query: URLSearchParams, signal: AbortSignal): Promise<RunPage> {
    const page: RunPage = await (await this.ask(`/v1/runs?${query}`, { signal })).json();
    return page;
  }

  async details(run: string, signal: AbortSignal): Promise<RunDetails> {
    const response = await this.ask(`/v1/runs/${encodeURIComponent(run)}`, { signal });
    const details: RunDetails = await response.json();
    return details;
  }

  async chart(machine: string): Promise<Chart> {
    const chart: Chart = await (await this.ask(chartPath(machine))).json();
    return chart;
  }

  /** Of every chart, and of a run that is lit on one. */
  async chartStyle(): Promise<string> {
    return (await this.ask('/inspector/chart.css')).text();
  }

  /** As a document: a page that takes no markup from texts cannot make one of a text. */
  drawing(machine: string): Promise<Document> {
    const { promise, reject, resolve } = Promise.withResolvers<Document>();
    const asked = new XMLHttpRequest();
    asked.open('GET', `${chartPath(machine)}/drawing`);
    if (this.#token !== '') asked.setRequestHeader('authorization', `Bearer ${this.#token}`);
    asked.responseType = 'document';
    asked.overrideMimeType('image/svg+xml');
    asked.addEventListener('load', () => {
      if (asked.status === 200 && asked.responseXML !== null) resolve(asked.responseXML);
      else reject(new Error(`there is no drawing of ${machine}`));
    });
    asked.addEventListener('error', () => reject(new Error('the service does not answer')));
    asked.send();
    return promise;
  }

  /** What the service says to it. */
  async send(run: string, event: { readonly type: string }): Promise<string> {
    const response = await this.ask(`/v1/runs/${encodeURIComponent(run)}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(event),
    });
    const { detail }: { readonly detail: string } = await response.json();
    return detail;
  }
}

const chartPath = (machine: string): string => `/v1/machines/${encodeURIComponent(machine)}/chart`;

async function detailOf(response: Response): Promise<string> {
  try {
    const problem: { readonly detail?: unknown } = await response.json();
    if (typeof problem.detail === 'string') return problem.detail;
  } catch {
    // Whatever answered in its place: the status says enough.
  }
  return `${response.status} ${response.statusText}`;
}
