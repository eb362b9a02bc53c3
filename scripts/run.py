"""The main job on real text: agents that remember together.

Three agents write into one store at the same time: two are processes of the `chrysalis` binary that speak MCP,
one is this Python program through the wheel. One process is killed in the middle and started again. A second
store is merged in. Then questions are asked, and a TypeScript program checks offline who signed the answers.

Called by `make run`, which builds everything first. `DOCS=path` gives one agent a folder of your own.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from mcp_client import Mcp

ROOT = Path(__file__).resolve().parent.parent
BINARY = ROOT / "target" / os.environ.get("CHRYSALIS_PROFILE", "release") / ("chrysalis.exe" if os.name == "nt" else "chrysalis")
RUN = ROOT / ".run"
MODEL = Path(os.environ.get("CHRYSALIS_MODEL") or ROOT / ".tools" / "model" / "all-MiniLM-L6-v2")
STORE, OTHER, PROOFS = RUN / "store", RUN / "other-store", RUN / "proofs"

# Question, and the sources any of which holds the answer. Python's reference repeats some sections under several
# topics, and the project's code says some of what its documentation says.
QUESTIONS = [
    ("What happens when a journal ends in a write that did not finish?",
     {"docs/encodings/journal.md", "rust-journal/src/recovery.rs"}),
    ("How is the Merkle path of a record proof encoded?", {"docs/encodings/entry.md", "rust-crypto/src/proof.rs"}),
    ("Which domain tag does the signature of a commit cover?", {"docs/encodings/entry.md", "rust-crypto/src/commit.rs"}),
    ("Should I open a public issue to report a vulnerability privately?", {"SECURITY.md"}),
    ("What does the with statement do with a context manager?",
     {"python/with", "python/compound", "python/context-managers"}),
    ("Which statement binds names declared in the nearest enclosing scope excluding globals?", {"python/nonlocal"}),
    ("operator precedence from highest to lowest", {"python/operator-summary"}),
    ("Which objects are considered false when tested for truth value?", {"python/truth", "python/booleans"}),
    ("anonymous functions created by an expression", {"python/lambda", "python/function"}),
    ("How is a debugging assertion inserted into a program?", {"python/assert"}),
    ("What did the visitor decide about the greenhouse watering?", {"greenhouse.md"}),
]

# Asked in words that the answer does not have: found by meaning.
MEANT = [
    ("Who settled when the plants get their drink each day?", {"greenhouse.md"}),
    ("Whom do I tell about a hole in the defences without everybody hearing of it?", {"SECURITY.md"}),
    ("At what hour do the vegetables get their drink?", {"greenhouse.md"}),
]

VISITOR_NOTES = """# Greenhouse

The visitor decided that the greenhouse is watered at six in the morning, before the sun reaches the glass.

Tomatoes get the rain water; the basil gets what is left.
"""


def chrysalis(*arguments, agent="ada", store=STORE):
    """Runs the binary and gives what it prints as JSON."""
    command = [BINARY, "--store", store, "--agent", agent, "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def documents(folder, patterns):
    """The text files below a folder as (source, text), by their path from the folder."""
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            if path.is_file() and path.stat().st_size < 1 << 20:
                try:
                    yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue


def remember_over_mcp(agent, texts, die_after=None):
    """Remembers texts one call each; gives the ids that were acknowledged. May be killed on the way."""
    mcp, acknowledged = Mcp([BINARY, "--store", STORE, "--agent", agent, "mcp"], agent), []
    for number, (source, text) in enumerate(texts):
        if number == die_after:
            # The request is on its way when the process dies: it lands whole or not at all.
            mcp.send({"jsonrpc": "2.0", "id": 999, "method": "tools/call",
                      "params": {"name": "remember", "arguments": {"text": text, "source": source, "replace": True}}})
            mcp.kill()
            return acknowledged, False
        acknowledged += mcp.call("remember", text=text, source=source, replace=True)["ids"]
    mcp.close()
    return acknowledged, True


async def remember_in_python(topics):
    from memory_system import AgentMemory

    async with AgentMemory("linus", STORE) as memory:
        acknowledged = []
        for name, text in topics:
            acknowledged += (await memory.learn_document(text, source=f"python/{name}")).ids
        return acknowledged


async def remember_together(docs):
    from pydoc_data.topics import topics

    project = [*documents(ROOT, ["*.md", "docs/**/*.md"])]
    code = [*(documents(docs, ["**/*"]) if docs else documents(ROOT, ["rust-*/README.md", "rust-*/src/**/*.rs"]))]
    started = time.perf_counter()
    ada, grace, linus = await asyncio.gather(
        asyncio.to_thread(remember_over_mcp, "ada", project),
        asyncio.to_thread(remember_over_mcp, "grace", code, die_after=max(1, len(code) // 3)),
        remember_in_python(sorted(topics.items())),
    )
    print(f"  ada    {len(project):4} documents over MCP     {len(ada[0]):5} passages acknowledged")
    print(f"  grace  {len(code):4} documents over MCP     {len(grace[0]):5} acknowledged, then killed with SIGKILL")
    print(f"  linus  {len(topics):4} topics from Python       {len(linus):5} passages acknowledged")
    again, _ = await asyncio.to_thread(remember_over_mcp, "grace", code)
    seconds = time.perf_counter() - started
    print(f"  grace  started again, finished    {len(again):5} passages, what she had is skipped")
    print(f"  all in {seconds:.1f} s")
    return ada[0] + grace[0] + linus


async def check_acknowledged(ids):
    from memory_system import AgentMemory

    async with AgentMemory("ada", STORE) as memory:
        for entry_id in ids:
            if await memory.get(entry_id) is None:
                raise SystemExit(f"acknowledged, but not there: {entry_id}")
    report = chrysalis("verify")
    print(f"  {len(ids)} acknowledged passages, all there; verify: {len(report['findings'])} findings, "
          f"{report['commits']} signed commits")


def merge_other_store():
    notes = RUN / "greenhouse.md"
    notes.write_text(VISITOR_NOTES, encoding="utf-8")
    chrysalis("remember", str(notes), agent="visitor", store=OTHER)
    merged = chrysalis("merge", str(OTHER))
    back = chrysalis("merge", str(STORE), agent="visitor", store=OTHER)
    same = "the same" if merged["digest"] == back["digest"] else "DIFFERENT"
    print(f"  {merged['commits']} commit came in; merged both ways, the digests are {same}: {merged['digest'][:16]}…")
    for agent in ("grace", "linus"):
        key = chrysalis("identity", agent=agent)["key"]
        chrysalis("trust", "add", key, "--name", agent)
    print("  ada trusts grace and linus; nobody vouched for the visitor")


def embed():
    started = time.perf_counter()
    done = chrysalis("reembed")
    print(f"  {done['embedded']} of {done['entries']} passages have vectors: {done['embedded'] - done['made']} were made while the agents wrote, "
          f"{done['made']} now, in {time.perf_counter() - started:.1f} s")


def by_words_alone(question, sources):
    hits = chrysalis("recall", question, "-k", "3", "--words-only")["hits"]
    return any(hit["source"] in sources for hit in hits)


def ask(questions, among=1):
    """Asks each question; the right source must be that of one of the first answers, the first alone by default."""
    right = 0
    for question, sources in questions:
        started = time.perf_counter()
        hits = chrysalis("recall", question, "-k", str(among), "--proof", str(PROOFS))["hits"]
        milliseconds = (time.perf_counter() - started) * 1000
        hit = next((hit for hit in hits if hit["source"] in sources), hits[0] if hits else None)
        found = bool(hit) and hit["source"] in sources
        right += found
        print(f"\n  {'✓' if found else '✗'} {question}")
        if hit:
            text = re.sub(r"\s+", " ", hit["text"])[:150]
            print(f"    “{text}…”")
            author = hit["author"]["name"] or hit["author"]["key"][:8]
            print(f"    {hit['source']}:{hit['lines'][0]}  by {author} ({hit['signature']})  {hit['time']}  "
                  f"asked and answered in {milliseconds:.0f} ms")
    print(f"\n  {right} of {len(questions)} answers came from the right source")
    return right


def verify_in_typescript():
    program = ROOT / "rust-bindings" / "typescript" / "examples"
    out = RUN / "typescript"
    npx = shutil.which("npx") or sys.exit("npx is missing: install Node 20 or later")
    # Node finds `rust-crypto` from where the program lies, so it is built inside the workspace.
    subprocess.run([npx, "tsc", "-p", program, "--outDir", out], cwd=ROOT, check=True)
    subprocess.run(["node", out / "verify-proofs.mjs", PROOFS], cwd=ROOT, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", type=Path, default=None, help="a folder of your own for one of the agents")
    docs = parser.parse_args().docs
    if docs is not None and not docs.is_dir():
        sys.exit(f"DOCS: {docs} is not a folder")
    shutil.rmtree(RUN, ignore_errors=True)
    PROOFS.mkdir(parents=True)
    os.environ["CHRYSALIS_HOME"] = str(RUN / "home")
    os.environ["CHRYSALIS_MODEL"] = str(MODEL)

    print("\nThree agents remember into one store at once")
    acknowledged = asyncio.run(remember_together(docs))
    print("\nNothing acknowledged was lost")
    asyncio.run(check_acknowledged(acknowledged))
    print("\nA second store is merged in")
    merge_other_store()
    print("\nEverything is embedded by a local model")
    embed()
    print("\nQuestions")
    right = ask(QUESTIONS)
    print("\nQuestions in words that the answers do not have")
    right += ask(MEANT, among=3)
    words = sum(by_words_alone(*question) for question in MEANT)
    print(f"  by words alone it would have been {words}")
    print("\nA TypeScript program checks offline who signed the answers")
    verify_in_typescript()
    here = os.path.relpath(BINARY)
    print(f"""
Try next:
  CHRYSALIS_HOME=.run/home {here} --store .run/store --agent ada recall "how are merges ordered" --explain
  {here} demo
  {here} remember README.md docs && {here} recall "how do agents share a store"
""")
    # A folder of the user's own can hold better answers than the expected ones; without it all must be right.
    asked = len(QUESTIONS) + len(MEANT)
    if docs is None and right < asked:
        sys.exit(f"{asked - right} answers came from another source than expected")


if __name__ == "__main__":
    main()
