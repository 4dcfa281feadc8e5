#!/usr/bin/env python3
"""controller.py HOP CALL HEADER OP: a controller with a router of its own, as Ansible has one; it asks for one transfer."""
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools' / 'lib'))
os.environ['TORN_CONTROLLER'] = str(os.getpid())

from router_client import Router, RouterRefused  # noqa: E402

hop, call, header, op = sys.argv[1:]
with Router() as router:
    try:
        router.request(op, [json.loads(hop)], call.encode(), **json.loads(header))
    except RouterRefused as error:
        sys.exit(str(error))
