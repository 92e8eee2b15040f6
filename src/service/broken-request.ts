import type { Duplex } from 'node:stream';

import { Problem, problemMediaType } from './problem.ts';

const tooLarge = ['HPE_HEADER_OVERFLOW'];
const tooSlow = ['ERR_HTTP_REQUEST_TIMEOUT'];

/** What Node could not read as HTTP: there is no request to answer, only a socket. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { body, line } = describe(error.code ?? '');
  const text = JSON.stringify(body.toBody());
  const head = [
    `HTTP/1.1 ${line}`,
    `content-type: ${problemMediaType}`,
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

function describe(code: string): { readonly line: string; readonly body: Problem } {
  if (tooLarge.includes(code)) {
    const detail = 'the header fields are too large';
    return {
      line: '431 Request Header Fields Too Large',
      body: new Problem({ status: 431, code: 'tooLarge', detail }),
    };
  }
  if (tooSlow.includes(code)) {
    const detail = 'the request did not come in time';
    return {
      line: '408 Request Timeout',
      body: new Problem({ status: 408, code: 'timeout', detail }),
    };
  }
  const detail = 'this is no HTTP request';
  return {
    line: '400 Bad Request',
    body: new Problem({ status: 400, code: 'badRequest', detail }),
  };
}
