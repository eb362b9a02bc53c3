// Taking in what another replica has inserted, into a replica that has inserted as much at the same time: rust-crdt/pkg beside
// Yjs, Loro and Automerge in Node. Keys of 12 bytes; one message for all, and one message each.
// usage: node compare.mjs PACKAGE ROUNDS OPERATIONS...   (PACKAGE is rust-crdt/pkg/rust_crdt.mjs)
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as automerge from "@automerge/automerge";
import { LoroDoc } from "loro-crdt";
import * as Y from "yjs";

const [pkg, rounds, ...sizes] = process.argv.slice(2);
if (!sizes.length) throw new Error("usage: node compare.mjs PACKAGE ROUNDS OPERATIONS...");
const ours = await import(pathToFileURL(pkg).href);
await ours.init();

const keysOf = (who, count) => Array.from({ length: count }, (_, i) => `${who}${String(i).padStart(11, "0")}`);

/** Each makes a base and messages from the keys; `load` opens the base, `take` takes the messages in, `count` says what is there. */
const SIDES = {
  ours: {
    make(mine, theirs) {
      const replica = new ours.Replica();
      replica.set("set", new ours.ORSet());
      const whole = replica.apply("set", [["addMany", theirs]], "b");
      return { base: ours.ORSet.empty().addMany(mine, "a").toBytes(), whole, each: (keys) => keys.map((key) => replica.apply("set", [["add", key]], "c")) };
    },
    load(base) {
      const replica = new ours.Replica();
      replica.set("set", ours.ORSet.fromBytes(base));
      return replica;
    },
    take: (replica, messages) => replica.importDeltas("set", messages),
    count: (replica) => replica.get("set").size,
    free: (replica) => replica.free(),
  },
  yjs: {
    make(mine, theirs) {
      const insert = (keys) => {
        const doc = new Y.Doc();
        doc.transact(() => { for (const key of keys) doc.getMap("m").set(key, true); });
        return doc;
      };
      const each = (keys) => {
        const doc = new Y.Doc();
        const updates = [];
        doc.on("update", (update) => updates.push(update));
        for (const key of keys) doc.getMap("m").set(key, true);
        return updates;
      };
      return { base: Y.encodeStateAsUpdate(insert(mine)), whole: Y.encodeStateAsUpdate(insert(theirs)), each };
    },
    load(base) {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, base);
      return doc;
    },
    take(doc, messages) {
      // In one transaction, as its documentation advises for many updates.
      doc.transact(() => { for (const message of messages) Y.applyUpdate(doc, message); });
    },
    count: (doc) => doc.getMap("m").size,
    free: (doc) => doc.destroy(),
  },
  loro: {
    make(mine, theirs) {
      const insert = (keys) => {
        const doc = new LoroDoc();
        for (const key of keys) doc.getMap("m").set(key, true);
        doc.commit();
        return doc.export({ mode: "update" });
      };
      const each = (keys) => {
        const doc = new LoroDoc();
        return keys.map((key) => {
          const from = doc.version();
          doc.getMap("m").set(key, true);
          doc.commit();
          return doc.export({ mode: "update", from });
        });
      };
      return { base: insert(mine), whole: insert(theirs), each };
    },
    load(base) {
      const doc = new LoroDoc();
      doc.import(base);
      return doc;
    },
    take: (doc, messages) => doc.importBatch(messages),
    count: (doc) => doc.getMap("m").size,
    free: (doc) => doc.free(),
  },
  automerge: {
    make(mine, theirs) {
      const start = automerge.from({ m: {} }, { actor: "00" });
      const insert = (keys, actor) => automerge.change(automerge.clone(start, { actor }), (doc) => { for (const key of keys) doc.m[key] = true; });
      const each = (keys) => {
        let doc = automerge.clone(start, { actor: "cc" });
        return keys.map((key) => {
          doc = automerge.change(doc, (draft) => { draft.m[key] = true; });
          return automerge.getLastLocalChange(doc);
        });
      };
      return { base: automerge.save(insert(mine, "aa")), whole: automerge.getLastLocalChange(insert(theirs, "bb")), each };
    },
    load: (base) => ({ doc: automerge.load(base) }),
    take(holder, messages) {
      [holder.doc] = automerge.applyChanges(holder.doc, messages);
    },
    count: (holder) => Object.keys(holder.doc.m).length,
    free: (holder) => automerge.free(holder.doc),
  },
};

const results = [];
for (const size of sizes.map(Number)) {
  const [mine, theirs] = [keysOf("a", size), keysOf("b", size)];
  const singles = keysOf("c", Math.min(size, 1000));
  const prepared = Object.entries(SIDES).map(([name, side]) => {
    const { base, whole, each } = side.make(mine, theirs);
    return { name, side, base, runs: { one: [[whole], size], each: [each(singles), singles.length] } };
  });
  for (const kind of ["one", "each"]) {
    const us = Object.fromEntries(prepared.map(({ name }) => [name, []]));
    for (let round = 0; round <= Number(rounds); round += 1) {
      const order = round % 2 ? prepared : [...prepared].reverse();
      for (const { name, side, base, runs } of order) {
        const [messages, operations] = runs[kind];
        const state = side.load(base);
        const start = performance.now();
        side.take(state, messages);
        const time = (performance.now() - start) * 1000 / operations;
        if (side.count(state) !== size + operations) throw new Error(`${name}: ${side.count(state)} of ${size + operations}`);
        side.free(state);
        if (round > 0) us[name].push(time); // the first is for the compilers
      }
    }
    const bytes = Object.fromEntries(prepared.map(({ name, runs }) => [name, runs[kind][0].reduce((sum, { length }) => sum + length, 0)]));
    results.push({ messages: kind, size, operations: kind === "one" ? size : singles.length, us, bytes });
  }
}
const manifest = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url)));
const versions = ["yjs", "loro-crdt", "@automerge/automerge"].map((name) => `${name} ${manifest.packages[`node_modules/${name}`].version}`);
console.log(JSON.stringify({ node: process.version, versions, rounds: Number(rounds), results }));
