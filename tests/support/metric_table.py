# SPDX-License-Identifier: Apache-2.0
"""The table of docs/metrics.md: `python -m tests.support.metric_table` writes it anew into that file."""

from pathlib import Path

from reports.metrics import METRICS, Metric

DOCS = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


def table() -> str:
    rows = ["| metric | unit | better | what it is | from | needs |", "|---|---|---|---|---|---|"]
    rows += [_row(metric) for metric in METRICS.values()]
    return "\n".join(rows)


def _row(metric: Metric) -> str:
    name = f"`{metric.name}`" + (" *" if metric.detail else "") + (" (launch)" if metric.window == "launch" else "")
    needs = "; ".join(need.replace("|", " or ") for need in metric.needs)
    return f"| {name} | {metric.unit} | {metric.better} | {metric.title} | {metric.source} | {needs} |"


def main() -> None:
    before, _, rest = DOCS.read_text().partition(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
