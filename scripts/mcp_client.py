"""The few lines of JSON-RPC it takes to talk to a `chrysalis mcp` process. Standard library only."""

import json
import os
import signal
import subprocess


class McpGone(ConnectionError):
    """The process ended before it answered."""


class Mcp:
    """One `chrysalis mcp` process."""

    def __init__(self, command, agent, env=None, cwd=None):
        """Starts `command`, which must end in `mcp`, and introduces itself. `agent` is for messages."""
        self.agent = agent
        self.next_id = 0
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=env,
            cwd=cwd,
        )
        client = {"name": "chrysalis tests", "version": "1"}
        self.request("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message):
        """Sends one message without waiting."""
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError, OSError) as error:
            raise McpGone(f"the MCP process of {self.agent} is gone") from error

    def request(self, method, params):
        """Sends a request and gives its result."""
        self.next_id += 1
        self.send({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params})
        for line in self.process.stdout:
            try:
                reply = json.loads(line)
            except ValueError as error:
                # A line cut short by the death of the process is no answer.
                raise McpGone(f"the MCP process of {self.agent} is gone") from error
            if reply.get("id") == self.next_id:
                if "error" in reply:
                    raise RuntimeError(reply["error"]["message"])
                return reply["result"]
        raise McpGone(f"the MCP process of {self.agent} is gone")

    def call(self, tool, **arguments):
        """Calls a tool and gives its structured result."""
        result = self.request("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            raise RuntimeError(result["content"][0]["text"])
        return result["structuredContent"]

    def kill(self):
        """Ends the process at once, as a crash would."""
        self.process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()

    def close(self):
        """Ends the process as a client does that goes away."""
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()
