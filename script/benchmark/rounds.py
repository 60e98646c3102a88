"""Measures things in turns and prints what came out."""
import statistics
import sys

from .setting import TooSlow


class Mismatch(Exception):
    """Two programs, or two runs of one, gave different results, so their times mean nothing."""


class Series:
    """One thing that is measured again and again: `measure` gives a rate, or a rate and a peak of memory in MB."""

    def __init__(self, name, unit, measure):
        self.name, self.unit, self.measure = name, unit, measure
        self.rates, self.peaks, self.ratios, self.limit = [], [], [], None

    def take(self):
        result = self.measure()
        rate, peak = result if isinstance(result, tuple) else (result, None)
        self.rates.append(rate)
        if peak is not None:
            self.peaks.append(peak)

    def compare(self, other, target=None, memory=None):
        """Asks for this rate over the other's, which should be `target` at least, and its memory over the other's,
        which should be `memory` at most. Nothing is asked where the other is missing."""
        if other is not None:
            self.ratios.append((other, target, memory))
        return self

    def stay_below(self, limit):
        """Asks for a median of at most `limit`."""
        self.limit = limit

    def comparisons(self):
        """Ratios are taken inside each round, where both had the same machine; their medians are shown."""
        if self.limit is not None:
            yield f"target at most {self.limit:g}{'' if statistics.median(self.rates) <= self.limit else ', MISSED'}"
        for other, target, memory in self.ratios:
            ratio = statistics.median(a / b for a, b in zip(self.rates, other.rates))
            text = f"{shown(ratio)} × {other.name}"
            if target is not None:
                text += f" (target {target:g}{'' if ratio >= target else ', MISSED'})"
            if self.peaks and other.peaks:
                share = statistics.median(a / b for a, b in zip(self.peaks, other.peaks))
                text += f", {share:.2f} of its memory"
                if memory is not None:
                    text += f" (target {memory:g}{'' if share <= memory else ', MISSED'})"
            yield text


class Rounds:
    """Series that are measured in turns: A B C, A B C, and so on."""

    def __init__(self, title):
        self.title, self.series, self.notes = title, [], []

    def add(self, name, unit, measure):
        self.series.append(Series(name, unit, measure))
        return self.series[-1]

    def run(self, runs):
        """Measures everything once to prove that results agree and to fill the page cache, then `runs` times."""
        for number in range(runs + 1):
            for series in list(self.series):
                if sys.stderr.isatty():
                    print(f"\r\x1b[K{self.title}: round {number} of {runs}: {series.name}", end="", file=sys.stderr)
                try:
                    series.take()
                except TooSlow as error:
                    self.leave_out(series, error)
            if number == 0:
                for series in self.series:
                    series.rates.clear()
                    series.peaks.clear()
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr)


    def leave_out(self, slow, reason):
        """Takes a series out, and what is compared with it."""
        self.series.remove(slow)
        for series in self.series:
            series.ratios = [ratio for ratio in series.ratios if ratio[0] is not slow]
        self.notes.append(f"Left out: {slow.name}; {reason} (--patience).")


def shown(value):
    """Three digits of small numbers, all before the point of large ones."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def table(rounds, markdown):
    """All rows of a part, as aligned text or as Markdown."""
    rows = [["", "min", "median", "max", "", "peak MB", "compared"]]
    for series in rounds.series:
        rates = [shown(value) for value in (min(series.rates), statistics.median(series.rates), max(series.rates))]
        peak = shown(statistics.median(series.peaks)) if series.peaks else ""
        rows.append([series.name, *rates, series.unit, peak, "; ".join(series.comparisons())])
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines.insert(1, "| --- | ---: | ---: | ---: | --- | ---: | --- |")
        lines = [f"**{rounds.title}**", "", *lines]
    else:
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        right = {1, 2, 3, 5}
        lines = [rounds.title] + [
            "  " + "  ".join(
                cell.rjust(width) if column in right else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in rows]
    return "\n".join(lines + [""] * bool(markdown and rounds.notes) + rounds.notes) + "\n"
