# SPDX-License-Identifier: Apache-2.0
"""What trials demand: by an arm's own dose, or by one that was found. Pure."""

from dataclasses import fields, replace

from workloads.spec import Arm, Experiment, Pressure, Workload
from workloads.titration import Adjustable


def dosed(pressure: Pressure, adjust: Adjustable, dose: int) -> Pressure:
    """A pressure with a dose: bytes, or bytes per second, of each eater.

    What is taken at once, before any pace, moves along with `bytes_each`: the paced rest, which launches meet, stays.
    """
    if adjust != "bytes_each" or not pressure.at_once_bytes:
        return replace(pressure, **{adjust: dose})
    at_once = max(0, pressure.at_once_bytes + dose - pressure.bytes_each)
    return replace(pressure, bytes_each=dose, at_once_bytes=at_once)


def with_dose(experiment: Experiment, dose: int) -> Experiment:
    """An experiment whose dose was found; as it is where it has none to be found."""
    workload, titrate = experiment.workload, experiment.titrate
    if workload.pressure is None or titrate is None:
        return experiment
    return replace(experiment, workload=replace(workload, pressure=dosed(workload.pressure, titrate.adjust, dose)))


def workload_of(workload: Workload, arm: Arm) -> Workload:
    """The workload as an arm's trials run it: with the arm's own demand."""
    if workload.pressure is None or not arm.demand:
        return workload
    kinds = {field.name: type(getattr(workload.pressure, field.name)) for field in fields(Pressure)}
    demand = {setting.knob: kinds[setting.knob](setting.value) for setting in arm.demand}
    return replace(workload, pressure=replace(workload.pressure, **demand))
