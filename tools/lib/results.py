"""What runs of Ansible gave, recorded task by task, and where two runs differ.

What may differ is listed, with its reason, in Tests/Comparison/masks.py.
"""
import difflib
import json
import subprocess
import sys
from pathlib import Path

import paths

COMPARISON = paths.TESTS / "Comparison"
sys.path.append(str(COMPARISON))

import masks  # noqa: E402


def record(environment: dict[str, str], folder: Path):
    """Adds the recording callback to a run's environment; its records come to lie in `folder`."""
    environment["ANSIBLE_CALLBACK_PLUGINS"] = joined(environment.get("ANSIBLE_CALLBACK_PLUGINS"), COMPARISON / "callback_plugins", ":")
    environment["ANSIBLE_CALLBACKS_ENABLED"] = joined(environment.get("ANSIBLE_CALLBACKS_ENABLED"), "record", ",")
    environment["RECORD_TO"] = str(folder / "records")


def recorded(folder: Path) -> list[dict]:
    path = folder / "records"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def joined(first: str | None, second, separator: str) -> str:
    return f"{first}{separator}{second}" if first else str(second)


def end_masters(folder: Path):
    """Stock leaves ssh's masters standing for a minute: they would be warm for the next run."""
    control_paths = folder / "cp"
    for path in control_paths.glob("*") if control_paths.is_dir() else ():
        subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", "x"], stderr=subprocess.DEVNULL)


def by_host(records: list[dict]) -> dict[str, list[dict]]:
    """Hosts run side by side: only the order within each is fixed."""
    hosts: dict[str, list[dict]] = {}
    for record in records:
        hosts.setdefault(record["host"], []).append(record)
    return hosts


def masked_by_host(records: list[dict]) -> dict[str, list[dict]]:
    """The same with all masked that may differ."""
    return by_host([record | {"result": masks.masked_result(record["result"], record["task"].rsplit(" (", 1)[0])} for record in records])


def title(record: dict) -> str:
    item = record["result"].get("item")
    return f"{record['event']}: {record['play']} / {record['task']}" + (f" item={json.dumps(item)}" if item is not None else "")


def differences(left, right, path="") -> list[str]:
    """Where two values differ, one line for each place."""
    if isinstance(left, dict) and isinstance(right, dict):
        lines = []
        for key in sorted(left.keys() | right.keys()):
            here = f"{path}.{key}" if path else key
            if key not in right:
                lines.append(f"{here}: only stock: {shown(left[key])}")
            elif key not in left:
                lines.append(f"{here}: only ours: {shown(right[key])}")
            else:
                lines += differences(left[key], right[key], here)
        return lines
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [line for i, (a, b) in enumerate(zip(left, right)) for line in differences(a, b, f"{path}[{i}]")]
    if left == right and type(left) is type(right):
        return []
    if isinstance(left, str) and isinstance(right, str) and "\n" in left + right:
        return [f"{path}:"] + [f"    {line}" for line in difflib.unified_diff(left.split("\n"), right.split("\n"), "stock", "ours", lineterm="", n=0)]
    return [f"{path}: stock {shown(left)}, ours {shown(right)}"]


def shown(value) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}… ({len(text)} characters)"


def compare(stock: list[dict], ours: list[dict]) -> list[str]:
    """The differences of two runs' records, each with the task that it belongs to."""
    found = []
    left, right = masked_by_host(stock), masked_by_host(ours)
    for host in sorted(left.keys() | right.keys()):
        a, b = left.get(host, []), right.get(host, [])
        matcher = difflib.SequenceMatcher(None, [title(r) for r in a], [title(r) for r in b], autojunk=False)
        for tag, a1, a2, b1, b2 in matcher.get_opcodes():
            if tag == "equal":
                for one, two in zip(a[a1:a2], b[b1:b2]):
                    if lines := differences(one["result"], two["result"]):
                        found.append(f"{host}: {title(one)}\n" + "\n".join(f"    {line}" for line in lines))
            else:
                found += [f"{host}: only stock: {title(r)}\n    {shown(r['result'])}" for r in a[a1:a2]]
                found += [f"{host}: only ours: {title(r)}\n    {shown(r['result'])}" for r in b[b1:b2]]
    return found


def compare_warnings(stock: list[str], ours: list[str]) -> list[str]:
    lines = difflib.unified_diff(sorted(map(masks.masked, stock)), sorted(map(masks.masked, ours)), "stock", "ours", lineterm="", n=0)
    changed = [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return ["stderr and exit status\n" + "\n".join(f"    {line[:400]}" for line in changed)] if changed else []
