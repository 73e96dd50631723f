# SPDX-License-Identifier: Apache-2.0
"""What `run` and `demo` do when the trials are over: measures merged, compared, shown, the page written."""

from typing import TextIO

from reports.store import RunStore


def answer(store: RunStore, out: TextIO, err: TextIO) -> None:
    """Write measures, comparisons, verdict and page into the run; print the answer and where everything is.

    What the run tells of the phone's noise is kept for later runs; where it cannot be, `err` gets one line.

    Raises:
        StoreError: the run cannot be read or written.
    """
    from reports.compare import compare_run, keep  # noqa: PLC0415 - imported late: pandas and charts
    from reports.measures import measure_run  # noqa: PLC0415 - the same
    from reports.noise.store import remember  # noqa: PLC0415 - the same
    from reports.page.render import write_page  # noqa: PLC0415 - the same
    from reports.text import compare_text  # noqa: PLC0415 - the same

    measure_run(store.path, again=False)
    analysis = compare_run(store)
    keep(store, analysis)
    remember(analysis, err)
    write_page(store, store.report_path)
    out.write(compare_text(analysis))
    print(f"\nreport: {store.report_path}\nrun:    {store.path}", file=out)
