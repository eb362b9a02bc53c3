// Names the functions of a module after the place each should have, so that like stands beside like and gzip finds what
// repeats: `wasm-opt --reorder-functions-by-name` then moves them there. What comes next is, of the functions that are left, the one
// whose bytes were most seen in the last few.
// usage: node scripts/order-functions.mjs IN.wasm OUT.wasm
import { readFileSync, writeFileSync } from 'node:fs';

// Both measured on the packages: runs of this many bytes are looked for, this far back. gzip looks 32 KiB back, but pays for distance.
const RUN = 5;
const WINDOW_BYTES = 16 * 1024;

const [from, to] = process.argv.slice(2);
const module = readFileSync(from);
const sections = [...readSections(module)];
const imported = countImportedFunctions(sections.find(({ id }) => id === 2));
const places = order(readBodies(sections.find(({ id }) => id === 10)));

const names = [];
places.forEach((body, place) => { names[body] = Buffer.from(String(place).padStart(6, '0')); });
const entries = names.map((name, body) => [leb(imported + body), leb(name.length), name]).flat();
const table = Buffer.concat([leb(names.length), ...entries]);
const section = Buffer.concat([leb(4), Buffer.from('name'), Buffer.from([1]), leb(table.length), table]);
const kept = sections.filter(({ id, start }) => !(id === 0 && nameOf(start) === 'name')).map(({ whole }) => whole);
writeFileSync(to, Buffer.concat([module.subarray(0, 8), ...kept, Buffer.from([0]), leb(section.length), section]));

function order(bodies) {
  const runs = new Map(); // each run's number
  const contents = bodies.map((body) => {
    const numbers = new Uint32Array(Math.max(0, body.length - RUN + 1));
    for (let i = 0; i < numbers.length; i += 1) {
      const run = body.latin1Slice(i, i + RUN);
      if (!runs.has(run)) runs.set(run, runs.size);
      numbers[i] = runs.get(run);
    }
    return numbers;
  });
  const holders = Array.from({ length: runs.size }, () => new Map()); // by run: which bodies have it how often
  contents.forEach((numbers, body) => {
    for (const run of numbers) holders[run].set(body, (holders[run].get(body) ?? 0) + 1);
  });

  const seen = new Uint32Array(runs.size); // how often in the window
  const known = new Float64Array(bodies.length); // by body: how many of its runs are in the window
  const left = new Set(bodies.keys());
  const placed = [];
  let first = 0; // the first of those placed that is in the window
  let bytes = 0;
  while (left.size > 0) {
    let next = -1;
    for (const body of left) {
      // Without division, so that the order is the same everywhere.
      if (next < 0 || known[body] * bodies[next].length > known[next] * bodies[body].length) next = body;
    }
    left.delete(next);
    placed.push(next);
    bytes += bodies[next].length;
    for (const run of contents[next]) {
      if (seen[run] === 0) for (const [body, times] of holders[run]) known[body] += times;
      seen[run] += 1;
    }
    for (; bytes > WINDOW_BYTES && first < placed.length - 1; first += 1) {
      bytes -= bodies[placed[first]].length;
      for (const run of contents[placed[first]]) {
        seen[run] -= 1;
        if (seen[run] === 0) for (const [body, times] of holders[run]) known[body] -= times;
      }
    }
  }
  return placed;
}

function* readSections(bytes) {
  for (let at = 8; at < bytes.length;) {
    const [length, start] = readLeb(at + 1);
    yield { id: bytes[at], start, whole: bytes.subarray(at, start + length) };
    at = start + length;
  }
}

function readBodies({ start }) {
  let [count, at] = readLeb(start);
  return Array.from({ length: count }, () => {
    const [length, first] = readLeb(at);
    at = first + length;
    return module.subarray(first, at);
  });
}

function countImportedFunctions(section) {
  if (section === undefined) return 0;
  let functions = 0;
  let [count, at] = readLeb(section.start);
  for (; count > 0; count -= 1) {
    for (let name = 0; name < 2; name += 1) {
      const [length, start] = readLeb(at);
      at = start + length;
    }
    if (module[at] !== 0) throw new Error(`${from}: an import that is not a function`);
    at = readLeb(at + 1)[1];
    functions += 1;
  }
  return functions;
}

function nameOf(at) {
  const [length, start] = readLeb(at);
  return module.toString('utf8', start, start + length);
}

function readLeb(at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = module[at];
    at += 1;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}

function leb(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}
