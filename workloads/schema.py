# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of the files that people write, for editors and for programs that make such files.

Made from the very models that `workloads.load` reads files with, so they cannot drift from it. What only shows when
values are seen together (an arm called twice, a launch of an app not listed) is beyond a schema; `load` tells it.
"""

from typing import TypeAlias

from workloads.experiment_file import ExperimentFile
from workloads.toml_file import TomlFile
from workloads.workload_file import WorkloadFile

JsonObject: TypeAlias = dict[str, object]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILES: dict[str, tuple[type[TomlFile], str]] = {
    "experiment": (ExperimentFile, "An experiment of reclaim: which settings are compared, on which workload"),
    "workload": (WorkloadFile, "A workload of reclaim: the pressure of a trial and its steps"),
}
NAMES = tuple(_FILES)


def schema(name: str) -> JsonObject:
    """The schema of a kind of file, JSON Schema 2020-12.

    Args:
        name: one of `NAMES`.
    """
    model, title = _FILES[name]
    return {"$schema": DIALECT, **model.model_json_schema(), "title": title}
