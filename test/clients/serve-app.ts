// Somebody else's web app: a static server on an origin of its own, with the pages and library files that a test names.
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';

export interface ServedFile {
  readonly type: 'text/html' | 'text/javascript';
  readonly text: string;
}

/** Answers the origin. */
export async function serveApp(
  context: TestContext,
  files: Readonly<Record<string, ServedFile>>,
): Promise<string> {
  const server = createServer((request, response) => {
    const file = files[new URL(request.url ?? '/', 'http://app').pathname];
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': `${file.type}; charset=utf-8` }).end(file.text);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://localhost:${address.port}`;
}

export function page(text: string): ServedFile {
  return {
    type: 'text/html',
    text: `<!doctype html><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,">${text}`,
  };
}

export function script(text: string): ServedFile {
  return { type: 'text/javascript', text };
}
