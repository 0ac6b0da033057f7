"""A sample of texts that shows how long they are, and in which words."""

import heapq
import random

LONGEST, CHOSEN = 300, 1500  # texts of a sample: the longest, and some by chance


class Sample:
    """The longest texts, and some by chance."""

    def __init__(self) -> None:
        self.longest: list[tuple[int, int, str, str | None]] = []
        self.chosen: list[tuple[str, str | None]] = []
        self.seen = 0
        self.chance = random.Random(0)

    def add(self, text: str, pair: str | None) -> None:
        self.seen += 1
        item = (len(text) + len(pair or ""), self.seen, text, pair)
        if len(self.longest) < LONGEST:
            heapq.heappush(self.longest, item)
        elif item[0] > self.longest[0][0]:
            heapq.heapreplace(self.longest, item)
        if len(self.chosen) < CHOSEN:
            self.chosen.append((text, pair))
        elif (place := self.chance.randrange(self.seen)) < CHOSEN:
            self.chosen[place] = (text, pair)

    def texts(self) -> list[tuple[str, str | None]]:
        """Those by chance first, then the longest."""
        return self.chosen + [(text, pair) for _, _, text, pair in sorted(self.longest)]
