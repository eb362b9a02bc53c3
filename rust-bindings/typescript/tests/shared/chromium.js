// Headless Chromium and a server of chosen directories, for the tests that need a page.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const TYPES = {
  '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/**
 * Serves `directories` of the project, the directories that `mounts` has by their paths and, at `/`, the page `index`, and nothing
 * else; opens a browser. `answer` is asked first: what it gives `true` for is answered. Gives `{ browser, origin, close }`, where `browser` is a Playwright context that keeps its storage while it is open.
 */
export async function openChromium({ directories, mounts = {}, answer = () => false, index = '<!doctype html>', headers = {} }) {
  const executablePath = process.env.CHROMIUM;
  assert.ok(executablePath, 'set CHROMIUM to the path of a Chromium or Chrome; `make test-ts` finds it');
  const server = http.createServer(async (request, response) => {
    try {
      const { pathname } = new URL(request.url, 'http://localhost');
      if (pathname === '/') return response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(index);
      if (await answer(request, response)) return undefined;
      const mount = Object.keys(mounts).find((prefix) => pathname.startsWith(prefix));
      if (!mount && !directories.some((directory) => pathname.startsWith(directory))) return response.writeHead(404).end();
      const file = mount ? path.join(mounts[mount], pathname.slice(mount.length)) : path.join(ROOT, pathname);
      const body = await readFile(file);
      return response.writeHead(200, { 'content-type': TYPES[path.extname(pathname)] ?? 'text/plain', ...headers }).end(body);
    } catch {
      return response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const profile = mkdtempSync(path.join(tmpdir(), 'browser-profile-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  }).catch((error) => {
    server.close(); // a server that listens would keep the tests from ending
    throw error;
  });
  browser.setDefaultTimeout(60_000);
  return {
    browser,
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      await browser.close();
      server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
