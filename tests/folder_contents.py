"""What lies in a folder, to the byte."""

from __future__ import annotations

from pathlib import Path


def contents(folder: Path) -> dict[str, str | bytes]:
    """Return relative path -> bytes of a file, target of a link, or "folder"."""
    found: dict[str, str | bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        else:
            found[name] = "folder" if path.is_dir() else path.read_bytes()
    return found


def write_files(folder: Path, names: tuple[str, ...], said: str = "mine") -> None:
    """Write files of a user, each with its own name in it."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{said}: {name}", "utf-8")
