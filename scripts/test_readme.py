"""Runs the examples of README.md as they stand there: Rust, Python, TypeScript and the MCP client configuration.

Each runs in one empty directory with a home of its own, one after the other, as a reader would do it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mcp_client import Mcp

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "rust-bindings" / "typescript" / "examples"
PROFILE = os.environ.get("CHRYSALIS_PROFILE", "release")


def block(language):
    """The one code block of that language on the first screen of the README."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    if not blocks:
        sys.exit(f"README.md has no block of {language}")
    return blocks[0]


def without_head(path):
    """The example as a reader types it: without the module's comment and its word to the linter."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("//!", "#!["))).lstrip("\n")


def same(shown, path):
    """The README's block and the example that is compiled are one text."""
    if shown != without_head(path):
        sys.exit(f"the example in README.md differs from {path.relative_to(ROOT)}")


def run(command, work, env):
    done = subprocess.run(command, cwd=work, env=env, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(text, part):
    if part not in text:
        sys.exit(f"expected {part!r} in:\n{text}")


def main():
    same(block("rust"), ROOT / "rust-memory" / "examples" / "readme.rs")
    same(block("ts"), EXAMPLES / "readme.mts")
    # Examples are built with the tests; one by itself would be built again, with its dependencies.
    build = ["cargo", "test", "--quiet", "--workspace", "--no-run"]
    subprocess.run(build + (["--release"] if PROFILE == "release" else []), cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".tools") as directory:
        work = Path(directory)
        env = {**os.environ, "CHRYSALIS_HOME": str(work / "home"),
               "PATH": f"{ROOT / 'target' / PROFILE}{os.pathsep}{os.environ['PATH']}"}
        env.pop("CHRYSALIS_STORE", None)

        out = run([ROOT / "target" / PROFILE / "examples" / "readme"], work, env)
        expect(out, "The greenhouse is watered at six. (trusted)")
        out = run([sys.executable, "-c", block("python")], work, env)
        expect(out, "The basil gets what is left of the rain water. ada trusted")
        npx = shutil.which("npx") or sys.exit("npx is missing: install Node 20 or later")
        subprocess.run([npx, "tsc", "-p", EXAMPLES, "--outDir", work], cwd=ROOT, check=True)
        out = run(["node", "readme.mjs"], work, env)
        expect(out, "signed by ")

        server = json.loads(block("json"))["mcpServers"]["memory"]
        if server["command"] != "chrysalis":
            sys.exit("the MCP configuration names another command")
        mcp = Mcp([server["command"], *server["args"]], "ada", env=env, cwd=work)
        tools = {tool["name"] for tool in mcp.request("tools/list", {})["tools"]}
        if not {"remember", "recall", "forget"} <= tools:
            sys.exit(f"the MCP server offers {tools}")
        hits = mcp.call("recall", query="greenhouse", limit=1)["hits"]
        expect(json.dumps(hits), "watered at six")
        mcp.close()
    print("4 passed, 0 failed")


if __name__ == "__main__":
    main()
