"""What a promise of the drill is."""

from dataclasses import dataclass, field


@dataclass
class Promise:
    """One promise, a figure for it, and every case in which it was broken."""

    name: str
    figure: str = ""
    broken: list[str] = field(default_factory=list)
