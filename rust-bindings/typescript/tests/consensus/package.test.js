// What is in the package: size, files, declarations, and that strict TypeScript accepts them under each resolution.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const run = promisify(execFile);
const crate = fileURLToPath(new URL('../../../../rust-consensus/', import.meta.url));
const tsc = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url));

test('the package and its entry for tests are each within its size in gzip', () => {
  for (const [name, limit] of [['rust_consensus', 160_000], ['simulation/rust_simulation', 250_000]]) {
    const files = [`${name}_bg.wasm`, `${name}.js`].map((file) => readFileSync(path.join(crate, 'pkg', file)));
    const size = gzipSync(Buffer.concat(files), { level: 9 }).length;
    console.log(`${name}: ${size} bytes`);
    assert.ok(size <= limit, `${name}: ${size} bytes`);
  }
});

test('npm would publish the entries, the module and the declarations', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json'], { cwd: crate, shell: process.platform === 'win32' });
  const files = JSON.parse(stdout)[0].files.map((file) => file.path);
  for (const name of ['.js', '.mjs', '.cjs', '.d.ts', '.d.mts', '.d.cts', '_bg.wasm']) {
    assert.ok(files.includes(`pkg/rust_consensus${name}`), name);
    assert.ok(files.includes(`pkg/simulation/rust_simulation${name}`), name);
  }
  assert.deepEqual(files.filter((name) => /^(src|tests|vectors|fuzz|examples|target)\//.test(name)), []);
});

test('the declarations hold no any', () => {
  for (const name of ['rust_consensus.d.ts', 'rust_consensus.d.mts', 'rust_consensus.d.cts', 'simulation/rust_simulation.d.ts']) {
    const code = readFileSync(path.join(crate, 'pkg', name), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    assert.doesNotMatch(code, /\bany\b/, name);
  }
});

for (const resolution of ['nodenext', 'bundler']) {
  test(`strict TypeScript accepts the package under ${resolution}`, async () => {
    const project = fileURLToPath(new URL(`types/tsconfig.${resolution}.json`, import.meta.url));
    await run(process.execPath, [tsc, '--noEmit', '-p', project]).catch(({ stdout }) => assert.fail(stdout));
  });
}
