// The time of a certificate's check in WebAssembly, in Node or in a browser.
// usage: node compare.mjs CONSENSUS CRYPTO CERTIFICATE ROUNDS MILLISECONDS [CHROMIUM]
//
// The first two are the packages' pkg directories. With a Chromium it runs there, headless, on a page that this program serves.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { measure } from "./measure.mjs";

const [consensus, crypto, made, rounds, milliseconds, chromium] = process.argv.slice(2);
if (milliseconds === undefined) {
  throw new Error("usage: node compare.mjs CONSENSUS CRYPTO CERTIFICATE ROUNDS MILLISECONDS [CHROMIUM]");
}
const figures = await (chromium ? inBrowser(chromium) : inNode());
console.log(JSON.stringify(figures));
process.exit(0);

async function inNode() {
  const load = async (directory, name) => {
    const module = await import(pathToFileURL(resolve(directory, `${name}.mjs`)).href);
    await module.init();
    return module;
  };
  const modules = [await load(consensus, "rust_consensus"), await load(crypto, "rust_crypto")];
  const text = readFileSync(made, "utf8");
  return { where: `Node ${process.version}`, ...measure(...modules, text, Number(rounds), Number(milliseconds)) };
}

/** Serves a page, opens it, and gives what it posts. */
async function inBrowser(program) {
  const roots = { consensus, crypto, peers: import.meta.dirname };
  const page = `<!doctype html><script type="module">
    const post = (result) => fetch("/result", { method: "POST", body: JSON.stringify(result) });
    try {
      const { measure } = await import("/peers/measure.mjs");
      const modules = [await import("/consensus/rust_consensus.js"), await import("/crypto/rust_crypto.js")];
      for (const module of modules) await module.init();
      const made = await (await fetch("/made")).text();
      await post({ where: navigator.userAgent.match(/(Headless)?Chrom[a-z]*.[0-9.]+/)[0], ...measure(...modules, made, ${Number(rounds)}, ${Number(milliseconds)}) });
    } catch (error) {
      await post({ error: String(error) });
    }
  </script>`;
  const types = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
  const profile = mkdtempSync(join(tmpdir(), "peers-"));
  let browser;
  try {
    return await new Promise((done, fail) => {
      const server = createServer((request, response) => {
        const [, root, name] = request.url.split("/");
        if (request.url === "/result") {
          let body = "";
          request.on("data", (part) => (body += part));
          request.on("end", () => {
            response.end();
            const result = JSON.parse(body);
            if (result.error) fail(new Error(result.error));
            else done(result);
          });
        } else if (request.url === "/") {
          response.setHeader("content-type", "text/html").end(page);
        } else if (request.url === "/made") {
          response.end(readFileSync(made));
        } else if (Object.hasOwn(roots, root) && name === basename(name ?? "") && types[extname(name)]) {
          response.setHeader("content-type", types[extname(name)]).end(readFileSync(join(roots[root], name)));
        } else {
          response.writeHead(404).end();
        }
      });
      server.listen(0, "127.0.0.1", () => {
        const url = `http://127.0.0.1:${server.address().port}/`;
        const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
        browser = spawn(program, [...flags, url], { stdio: "ignore" });
        browser.on("error", fail);
        browser.on("exit", (code) => fail(new Error(`the browser ended with ${code}`)));
      });
      setTimeout(() => fail(new Error("no answer from the browser within 120 s")), 120_000).unref();
    });
  } finally {
    browser?.removeAllListeners("exit").kill();
    try {
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    } catch {
      // The browser still writes; a temporary directory stays.
    }
  }
}
