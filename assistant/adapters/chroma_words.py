"""What Chroma's SQLite says of a disk, as the rest of a sentence and as a code."""

_FULL = ("has no room left on its disk", "chroma_disk_full")
_GONE = ("has lost its folder, or may not write there", "chroma_folder_gone")
# As Chroma 1.5.9 hands it on.
_BY_WORDS = {
    "database or disk is full": _FULL,
    "No space left on device": _FULL,
    # A file that is not where it was opened counts as one that may only be read.
    "readonly database": _GONE,
    "unable to open database": _GONE,
    # Said instead of SQLite's words when even what collections there are cannot be read any more.
    "Failed to get segments": _GONE,
    "disk I/O error": ("has a disk that fails", "chroma_disk_failing"),
    # It does not let go of what it could not write, also when there is room again.
    "database is locked": ("hangs in an earlier write; start it again", "chroma_locked"),
}


def why_not_written(said: str) -> tuple[str, str] | None:
    """Return in words and as a code why nothing was written; None if it is not the disk."""
    return next((found for words, found in _BY_WORDS.items() if words in said), None)
