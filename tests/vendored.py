"""Fetch the libraries of others that the console has, by npm, or compare them with the manifest.

`python -m tests.vendored` fetches what is missing or other than `manifest.json` says, and tells
what it wrote; the versions, integrity values and hashes there are changed by hand.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
FOLDER = PROJECT / "assistant/console/vendor"
MANIFEST = FOLDER / "manifest.json"


def packages() -> list[dict[str, Any]]:
    """Return what the manifest says of each package."""
    return list(json.loads(MANIFEST.read_text())["packages"])


def place(package: dict[str, Any], name: str) -> Path:
    """Return where a file of a package lies; what only tests need is not kept with the project."""
    return (PROJECT / "var/vendor" if package.get("only_for_tests") else FOLDER) / name


def sha256(data: bytes) -> str:
    """Return the hash as the manifest has it."""
    return hashlib.sha256(data).hexdigest()


def wanted(package: dict[str, Any]) -> list[str]:
    """Return the files of a package that are missing, or other than the manifest says."""
    return [
        name
        for name, file in package["files"].items()
        if not (path := place(package, name)).is_file()
        or sha256(path.read_bytes()) != file["sha256"]
    ]


def fetch(package: dict[str, Any], folder: Path) -> None:
    """Get a package by npm, see that it is the one that is meant, and write its files."""
    spec = f"{package['name']}@{package['version']}"
    packed = subprocess.run(
        ["npm", "pack", "--silent", spec], cwd=folder, capture_output=True, text=True, check=True
    )
    archive = folder / packed.stdout.split()[-1]
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != package["integrity"]:
        raise SystemExit(f"{spec} is not what the manifest names: it has sha512-{digest}.")
    with tarfile.open(archive) as files:
        for name, file in package["files"].items():
            member = files.extractfile(f"package/{file['from']}")
            assert member is not None
            write(place(package, name), changed(member.read(), file), file["sha256"])


def changed(data: bytes, file: dict[str, Any]) -> bytes:
    """Name modules by their places: a browser finds bare names only by an inline import map."""
    for before, after in file.get("replaced", {}).items():
        assert data.count(before.encode()) == 1, before
        data = data.replace(before.encode(), after.encode())
    return data


def write(path: Path, data: bytes, expected: str) -> None:
    """Write a file, if it is the one that the manifest names."""
    if sha256(data) != expected:
        raise SystemExit(f"{path.name} is not what the manifest names: it has {sha256(data)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    print(f"  {path.relative_to(PROJECT)}")


def main() -> None:
    """Fetch what is wanted."""
    for package in packages():
        if not wanted(package):
            continue
        with tempfile.TemporaryDirectory() as folder:
            fetch(package, Path(folder))
    print("All files are those that the manifest names.")


if __name__ == "__main__":
    sys.exit(main())
