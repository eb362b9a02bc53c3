// What is in the package: size, files, declarations, and that strict TypeScript accepts them under each resolution.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const crate = fileURLToPath(new URL('../../../../rust-embedding/', import.meta.url));
const tsc = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url));
const entries = ['rust_embedding', 'tokens/rust_tokens'];

test('npm would publish the entries, the modules and the declarations', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json'], { cwd: crate, shell: process.platform === 'win32' });
  const files = JSON.parse(stdout)[0].files.map((file) => file.path);
  for (const entry of entries) {
    for (const name of ['.js', '.mjs', '.cjs', '.d.ts', '.d.mts', '.d.cts', '_bg.wasm']) {
      assert.ok(files.includes(`pkg/${entry}${name}`), entry + name);
    }
  }
  for (const name of ['.js', '.cjs']) assert.ok(files.includes(`pkg/rust_embedding_worker${name}`), name);
  assert.deepEqual(files.filter((name) => /^(src|tests|vectors|vocabularies|kernels|fuzz|page|target)\//.test(name)), []);
});

test('the declarations hold no any', () => {
  for (const entry of entries) {
    const code = readFileSync(path.join(crate, 'pkg', `${entry}.d.ts`), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    assert.doesNotMatch(code, /(?<!')\bany\b/, entry); // the word in quotes is a value
  }
});

test('similarity does not carry the vocabularies, and these stay below their budget', () => {
  const size = (entry) => statSync(path.join(crate, 'pkg', `${entry}_bg.wasm`)).size;
  assert.ok(size('rust_embedding') < 1_050_000, `${size('rust_embedding')}`);
  assert.ok(size('tokens/rust_tokens') < 1_700_000, `${size('tokens/rust_tokens')}`);
});

for (const resolution of ['nodenext', 'bundler']) {
  test(`strict TypeScript accepts the package under ${resolution}`, async () => {
    const project = fileURLToPath(new URL(`types/tsconfig.${resolution}.json`, import.meta.url));
    await run(process.execPath, [tsc, '--noEmit', '-p', project]).catch(({ stdout }) => assert.fail(stdout));
  });
}
