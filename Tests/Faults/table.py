"""Results as people read them: a line a case, then a table in markdown."""

import statistics


def line(result):
    verdict = "skip" if result.skipped else "ok" if result.passes else "FAIL"
    parts = []
    if result.noticed is not None:
        parts.append(f"noticed {result.noticed:.2f} s")
    if result.pause:
        parts.append(f"next token {result.pause.first:.2f} s, last stream {result.pause.last:.2f} s")
        if result.case.bound is not None and result.last_bound:
            parts.append(f"at most {result.case.bound:.1f}, {result.last_bound:.1f}")
    parts += [result.skipped] if result.skipped else [note for note in result.notes if "\n" not in note]
    text = f"{verdict:4}  {result.case.name}: {'; '.join(parts)}"
    return "\n".join([text, *(f"      {problem}" for problem in result.problems)])


def table(results):
    """Pauses by groups: the time to the next token of the most urgent stream, and to the last stream's."""
    groups = {}
    for result in results:
        if not result.skipped:
            groups.setdefault(result.case.group, []).append(result)
    heads = ["fault", "runs", "same bytes", "noticed: median", "worst", "next token: median", "worst", "bound",
             "last stream: median", "worst"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for group, members in groups.items():
        pauses = [result.pause for result in members if result.pause]
        figures, times = ["", "", "", "", ""], [result.noticed for result in members if result.noticed is not None]
        noticed = [f"{statistics.median(times):.2f} s", f"{max(times):.2f} s"] if times else ["", ""]
        if pauses:
            bounds = sorted({result.case.bound for result in members if result.case.bound is not None})
            first, last = [pause.first for pause in pauses], [pause.last for pause in pauses]
            figures = [f"{statistics.median(first):.2f} s", f"{max(first):.2f} s",
                       " to ".join(f"{bound:.1f} s" for bound in bounds[:: max(1, len(bounds) - 1)]),
                       f"{statistics.median(last):.2f} s", f"{max(last):.2f} s"]
        good = sum(not result.problems or result.is_late for result in members)
        lines.append(f"| {group} | {len(members)} | {good} | " + " | ".join(noticed + figures) + " |")
    return "\n".join(lines)
