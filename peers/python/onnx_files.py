"""Writes the graphs of onnx_bert.py for runtimes outside Python. usage: onnx_files.py MODEL_DIRECTORY OUTPUT_DIRECTORY"""

import json
import sys
from pathlib import Path

from onnx_bert import write

directory, out = (Path(path) for path in sys.argv[1:])
out.mkdir(parents=True, exist_ok=True)
print(json.dumps([str(path) for path in write(directory, out)]))
