"""What a request costs a Python program: memory_system._rust.embedding beside openai-python, on the same server.

usage: http_cost.py BASE IN_FLIGHT. Prints JSON: microseconds of processor time of the whole process, its native threads included, for a
request, and kibibytes of resident memory for each in flight. Each side runs in a process of its own.
"""

import asyncio
import json
import os
import subprocess
import sys
import time

DIMENSIONS, EACH = 1536, 20


def main() -> None:
    if len(sys.argv) == 4:
        print(json.dumps(asyncio.run(measure(*sys.argv[1:]))))
        return
    base, in_flight = sys.argv[1:]
    sides = {}
    for side in ("ours", "openai"):
        done = subprocess.run([sys.executable, __file__, base, in_flight, side], check=True, stdout=subprocess.PIPE, text=True)
        sides[side] = json.loads(done.stdout)
    print(json.dumps(sides))


async def measure(base: str, in_flight_text: str, side: str) -> dict[str, float]:
    in_flight = int(in_flight_text)
    if side == "ours":
        from memory_system._rust.embedding import EmbeddingService

        provider = {"provider": "openai", "base_url": base, "model": "m", "dimensions": DIMENSIONS, "api_key": "sk-test", "max_in_flight": in_flight}
        service = EmbeddingService({"providers": [provider]})

        async def embed(text: str) -> int:
            return (await service.embed_async(text)).dimensions
    else:
        import httpx2
        import openai

        limits = httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
        client = openai.AsyncOpenAI(base_url=base, api_key="sk-test", max_retries=0, timeout=60, http_client=openai.DefaultAsyncHttpxClient(limits=limits))

        async def embed(text: str) -> int:
            return len((await client.embeddings.create(input=text, model="m", dimensions=DIMENSIONS)).data[0].embedding)

    before = resident()

    async def send(count: int) -> int:
        numbers, peak = iter(range(count)), 0

        async def work() -> None:
            nonlocal peak
            for number in numbers:
                assert await embed(f"text number {number} of a middling length") == DIMENSIONS
                if number % 64 == 0:
                    peak = max(peak, resident())

        await asyncio.gather(*(work() for _ in range(in_flight)))
        return peak

    # Once around, so that connections are made.
    await send(in_flight * 2)
    start = time.process_time()
    peak = await send(in_flight * EACH)
    spent = time.process_time() - start
    return {"us": spent * 1e6 / (in_flight * EACH), "kib": max(0, peak - before) / in_flight / 1024}


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
