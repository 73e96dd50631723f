# SPDX-License-Identifier: Apache-2.0
"""Makes the JavaScript anew that pages carry: `python -m tests.support.page_library`, after a new vl-convert-python.

It is kept in the repository because making it takes three seconds and 84 MB of vl-convert, and every report would pay.
"""

import gzip
from importlib.metadata import version
from pathlib import Path

import vl_convert

PLACE = Path(__file__).resolve().parents[2] / "reports" / "page" / "static" / "vega.js.gz"
NOTICE = """/*! Vega {vega}, Vega-Lite, vega-embed {embed}: BSD-3-Clause, University of Washington Interactive Data Lab.
D3: ISC, Mike Bostock. Their terms: LICENSES/ of reclaim. Bundled by vl-convert {bundler}; texts are at
https://github.com/vega and https://github.com/d3. */
"""


def library() -> str:
    """Vega, Vega-Lite and vega-embed with its expression interpreter in one script that defines `vegaEmbed`."""
    told = NOTICE.format(
        vega=vl_convert.get_vega_version(),
        embed=vl_convert.get_vega_embed_version(),
        bundler=version("vl-convert-python"),
    )
    return told + vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


if __name__ == "__main__":
    PLACE.write_bytes(gzip.compress(library().encode(), mtime=0))
