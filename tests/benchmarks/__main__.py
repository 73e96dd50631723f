# SPDX-License-Identifier: Apache-2.0
"""`make bench`: every benchmark, one after the other; exit status 1 when one is over its limit."""

import sys

from tests.benchmarks import bench_page, bench_traces, bench_trials

sys.exit(max(bench_traces.main(sys.stdout), bench_page.main(sys.stdout), bench_trials.main(sys.stdout)))
