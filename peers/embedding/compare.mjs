// Times of the local model of rust-embedding/pkg beside onnxruntime-web on the same weights and tokens, in WebAssembly on one thread.
// usage: node compare.mjs PACKAGE MODEL F32 INT8 ROUNDS   (PACKAGE is rust-embedding/pkg/rust_embedding.mjs, MODEL a model directory,
// F32 and INT8 what peers/python/onnx_files.py has made of it)
//
// Ours is called with the text and gives the vector; onnxruntime-web is given ready tokens and gives the tokens' last vectors, so that
// tokenizing and averaging are in our time and not in its. The sides take turns.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as ort from "onnxruntime-web";

const [pkg, directory, f32, int8, rounds] = process.argv.slice(2);
if (rounds === undefined) throw new Error("usage: node compare.mjs PACKAGE MODEL F32 INT8 ROUNDS");
const { LocalModel, modelAt } = await import(pathToFileURL(pkg).href);
ort.env.wasm.numThreads = 1;
ort.env.wasm.proxy = false;
ort.env.logLevel = "error";

const vocabulary = JSON.parse(readFileSync(`${directory}/tokenizer.json`, "utf8")).model.vocab;
const model = await LocalModel.load(modelAt(directory));
const sessions = {};
for (const [name, file] of Object.entries({ f32, int8 })) {
  sessions[name] = await ort.InferenceSession.create(readFileSync(file), {
    executionProviders: ["wasm"], graphOptimizationLevel: "all",
  });
}

const WORDS = "the cat sat on the mat and looked at the small boat that went down the river in the rain while people were on their way home".split(" ");

/** A text of so many tokens, each word of it being one, and the tokens. */
function sample(tokens) {
  const words = Array.from({ length: tokens - 2 }, (_, place) => WORDS[place % WORDS.length]);
  const ids = ["[CLS]", ...words, "[SEP]"].map((word) => BigInt(vocabulary[word]));
  if (model.countTokens(words.join(" ")) !== tokens) throw new Error("a word is not one token");
  return { text: words.join(" "), ids };
}

async function run(session, ids) {
  const tensor = (values) => new ort.Tensor("int64", BigInt64Array.from(values), [1, values.length]);
  const { last_hidden_state: out } = await session.run({
    input_ids: tensor(ids), attention_mask: tensor(ids.map(() => 1n)), token_type_ids: tensor(ids.map(() => 0n)),
  });
  return out.data;
}

/** The average of the rows, scaled to length 1. */
function pooled(rows, tokens) {
  const width = rows.length / tokens;
  const sums = Array.from({ length: width }, (_, i) => { let sum = 0; for (let t = 0; t < tokens; t += 1) sum += rows[t * width + i]; return sum; });
  const length = Math.hypot(...sums);
  return sums.map((sum) => sum / length);
}

async function time(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const results = [];
const cosines = { f32: 1, int8: 1 };
for (const tokens of [8, 16, 32, 64, 128]) {
  const { text, ids } = sample(tokens);
  const sides = {
    ours: async () => model.encode(text),
    f32: () => run(sessions.f32, ids),
    int8: () => run(sessions.int8, ids),
  };
  const vector = await sides.ours();
  for (const name of ["f32", "int8"]) {
    const theirs = pooled(await sides[name](), tokens);
    const cosine = theirs.reduce((sum, number, i) => sum + number * vector[i], 0);
    if (!(cosine > 0.9)) throw new Error(`${name} computes something else: cosine ${cosine}`);
    cosines[name] = Math.min(cosines[name], cosine);
  }
  const ms = { ours: [], f32: [], int8: [] };
  for (let warm = 0; warm < 5; warm += 1) for (const side of Object.values(sides)) await side();
  for (let round = 0; round < Number(rounds); round += 1) {
    const order = Object.keys(sides);
    if (round % 2) order.reverse();
    for (const name of order) ms[name].push(await time(sides[name]));
  }
  results.push({ tokens, ms });
}
console.log(JSON.stringify({ node: process.versions.node, versions: [`onnxruntime-web ${ort.env.versions.web}`], rounds: Number(rounds), cosines, results }));
