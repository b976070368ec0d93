"""What a host's robots.txt allows, by RFC 9309.

Notable here:
- 4xx means that there is no such file, so everything may be fetched; 5xx, and 429 that does not end, mean that nobody
  knows, so nothing may be;
- the file is UTF-8, with or without a mark, whatever its header says; what comes after 500 KiB is not read;
- Crawl-delay and Request-rate, which the RFC does not know, are honoured too: both are wishes of the host.
"""

from __future__ import annotations

from dataclasses import dataclass

from protego import Protego

AGENT = "kgprep"
"""Product token that rules may name."""
KEPT_SECONDS = 24 * 3600
"""RFC 9309, section 2.4: a copy should not be used for longer than a day."""
_READ_BYTES = 500 * 1024


@dataclass(frozen=True)
class RobotsRules:
    """The rules of one host, and the seconds that it wants between two requests."""

    parsed: Protego
    pause: float

    def allows(self, url: str) -> bool:
        """Tell whether the address may be fetched."""
        return bool(self.parsed.can_fetch(url, AGENT))


def parse_robots(content: bytes) -> RobotsRules:
    """Parse a robots.txt; an empty one allows everything."""
    parsed = Protego.parse(content[:_READ_BYTES].decode("utf-8-sig", "replace"))
    rate = parsed.request_rate(AGENT)
    by_rate = rate.seconds / rate.requests if rate and rate.requests else 0.0
    return RobotsRules(parsed, max(float(parsed.crawl_delay(AGENT) or 0.0), by_rate))
