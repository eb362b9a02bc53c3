"""Many processes write into one store, ask it questions, and are killed at random. Nothing acknowledged may be lost.

Eight processes of one agent at a time: MCP servers, command-line calls and Python programs through the wheel.
Every text carries a word of its own, so that recall of that word must find it. After the time is up: every
acknowledged entry is found by recall in a process of each kind, `verify` finds nothing, and there are no more
writer journals than processes were open at once.

    python scripts/kill_test.py --seconds 120 --seed 7
    python scripts/kill_test.py --rounds 200 --seconds 3      # what `make soak` does, in pieces
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from mcp_client import Mcp, McpGone

ROOT = Path(__file__).resolve().parent.parent
PROFILE = os.environ.get("CHRYSALIS_PROFILE", "release")
BINARY = ROOT / "target" / PROFILE / ("chrysalis.exe" if os.name == "nt" else "chrysalis")
KINDS = ["mcp", "mcp", "mcp", "cli", "cli", "python", "python", "python"]

# A Python agent that remembers or asks as it is told, one line of JSON each way.
PYTHON_WORKER = """
import asyncio, json, sys
from memory_system import AgentMemory

async def main():
    async with AgentMemory("swarm", sys.argv[1]) as memory:
        for line in sys.stdin:
            order = json.loads(line)
            if "text" in order:
                answer = [await memory.learn(order["text"])]
            else:
                answer = [hit.id for hit in await memory.recall(order["query"], k=1)]
            print(json.dumps(answer), flush=True)

asyncio.run(main())
"""


def mcp(round_):
    """One `chrysalis mcp` process on the store of a round."""
    return Mcp([BINARY, "--store", round_.store, "--agent", "swarm", "mcp"], "swarm", env=round_.env)


class PythonAgent:
    """One Python process with the wheel."""

    def __init__(self, store, env):
        self.process = subprocess.Popen(
            [sys.executable, "-c", PYTHON_WORKER, store], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, encoding="utf-8", env=env,
        )

    def order(self, **order):
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError) as error:
            raise McpGone("the Python process is gone") from error

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


class Worker:
    """One of the eight: starts a process of its kind, uses it, starts another when it was killed."""

    def __init__(self, number, kind, round_):
        self.number, self.kind, self.round = number, kind, round_
        self.random = random.Random(f"{round_.seed}/{number}")
        self.process = None
        self.acknowledged = {}
        self.kills = 0
        self.failure = None

    def run(self):
        try:
            while not self.round.over.is_set():
                try:
                    self.live()
                except McpGone:
                    self.reap()
        except Exception as error:  # noqa: BLE001 - reported by the main thread, which fails the round
            self.failure = error

    def live(self):
        """Uses one process until it is killed or the time is up."""
        agent = self.start()
        while not self.round.over.is_set():
            word = f"w{self.number}x{len(self.acknowledged)}k{self.kills}"
            entry = self.remember(agent, f"The word is {word}, said by worker {self.number}. " + "filler " * self.random.randrange(60))
            self.acknowledged[word] = entry
            asked = self.random.choice(list(self.acknowledged))
            found = self.recall(agent, asked)
            if found != [self.acknowledged[asked]]:
                raise AssertionError(f"worker {self.number} ({self.kind}) did not find {asked}: {found}")
        self.stop(agent)

    def start(self):
        match self.kind:
            case "mcp":
                agent = mcp(self.round)
            case "python":
                agent = PythonAgent(self.round.store, self.round.env)
            case _:
                return None
        self.process = agent.process
        return agent

    def remember(self, agent, text):
        match self.kind:
            case "mcp":
                return agent.call("remember", text=text)["ids"][0]
            case "python":
                return agent.order(text=text)[0]
            case _:
                return self.command("remember", "--text", text)["ids"][0]

    def recall(self, agent, query):
        match self.kind:
            case "mcp":
                return [hit["id"] for hit in agent.call("recall", query=query, limit=1)["hits"]]
            case "python":
                return agent.order(query=query)
            case _:
                return [hit["id"] for hit in self.command("recall", query, "-k", "1")["hits"]]

    def command(self, *arguments):
        """One run of the binary; it counts only if it ended well and said so."""
        self.process = subprocess.Popen(
            [BINARY, "--store", self.round.store, "--agent", "swarm", "--json", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=self.round.env,
        )
        out, error = self.process.communicate()
        if self.process.returncode < 0:
            raise McpGone("the command was killed")
        if self.process.returncode != 0:
            raise AssertionError(f"{arguments[0]} failed with {self.process.returncode}: {error}")
        return json.loads(out)

    def stop(self, agent):
        if agent is not None:
            agent.close()

    def reap(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def kill(self):
        process = self.process
        if process is not None and process.poll() is None:
            process.kill()
            self.kills += 1


class Round:
    """One store, eight workers, a killer."""

    def __init__(self, directory, seed, seconds):
        self.seed, self.seconds = seed, seconds
        self.store = str(Path(directory) / "store")
        self.env = {**os.environ, "CHRYSALIS_HOME": str(Path(directory) / "home")}
        self.over = threading.Event()

    def run(self):
        workers = [Worker(number, kind, self) for number, kind in enumerate(KINDS)]
        threads = [threading.Thread(target=worker.run) for worker in workers]
        for thread in threads:
            thread.start()
        dice, deadline = random.Random(self.seed), time.monotonic() + self.seconds
        while time.monotonic() < deadline and not any(worker.failure for worker in workers):
            # The pause between kills is part of what is tested, not a way to wait for something.
            time.sleep(dice.uniform(0.02, 0.4))
            dice.choice(workers).kill()
        self.over.set()
        for thread in threads:
            thread.join()
        for worker in workers:
            if worker.failure:
                raise worker.failure
        acknowledged = {word: entry for worker in workers for word, entry in worker.acknowledged.items()}
        self.check(acknowledged)
        kills = sum(worker.kills for worker in workers)
        # One who is killed when its journal is made leaves a directory in which nothing was written.
        writers = sum(any(journal.glob("*.seg")) for journal in Path(self.store, "writers").iterdir())
        if writers > len(KINDS):
            raise AssertionError(f"{writers} writer journals, though only {len(KINDS)} processes were open at once")
        return len(acknowledged), kills, writers

    def check(self, acknowledged):
        """Every acknowledged entry is found by each kind of process, and the store verifies."""
        server, python = mcp(self), PythonAgent(self.store, self.env)
        cli = Worker(99, "cli", self)
        sample = set(random.Random(self.seed).sample(sorted(acknowledged), min(10, len(acknowledged))))
        for word, entry in acknowledged.items():
            by = {"mcp": [hit["id"] for hit in server.call("recall", query=word, limit=1)["hits"]],
                  "python": python.order(query=word)}
            if word in sample:
                by["cli"] = cli.recall(None, word)
            for kind, found in by.items():
                if found != [entry]:
                    raise AssertionError(f"acknowledged {word} is not found by {kind}: {found}")
        server.close()
        python.close()
        report = cli.command("verify")
        if report["findings"]:
            raise AssertionError(f"verify: {report['findings']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120, help="how long each round writes")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=None, help="seed of the first round; the next is one more")
    arguments = parser.parse_args()
    first = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 32)
    for seed in range(first, first + arguments.rounds):
        print(f"seed {seed}: ", end="", flush=True)
        with tempfile.TemporaryDirectory() as directory:
            acknowledged, kills, writers = Round(directory, seed, arguments.seconds).run()
        print(f"{acknowledged} acknowledged, {kills} kills, {writers} writer journals, nothing lost", flush=True)
    print(f"{arguments.rounds} passed, 0 failed")


if __name__ == "__main__":
    main()
