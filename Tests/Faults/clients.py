"""What these tests share with Tests/Clients."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "Clients"))

from program import literal  # noqa: E402
from server import Metrics, wait_until  # noqa: E402

__all__ = ["Metrics", "literal", "wait_until"]
