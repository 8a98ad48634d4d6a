# SPDX-License-Identifier: Apache-2.0
"""Lets a trial's `kubeflow.katib.report_metrics` find hone.

Katib's package reports to an address inside a cluster, and reads a file that only pods have. Python
imports this module when it starts, because hone put its folder first on PYTHONPATH: for trials with
collector Push or Custom only. Nothing else changes, and a sitecustomize that it hides is run.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _correct_constants(module):
    module.DEFAULT_DB_MANAGER_ADDRESS = os.environ["HONE_DB_MANAGER_ADDRESS"]


def _correct_utils(module):
    in_pod = module.get_current_k8s_namespace

    def namespace():
        try:
            return in_pod()
        except OSError:
            return "default"

    module.get_current_k8s_namespace = namespace


_CORRECTIONS = {
    "kubeflow.katib.constants.constants": _correct_constants,
    "kubeflow.katib.utils.utils": _correct_utils,
}


class _Finder(importlib.abc.MetaPathFinder):
    """Corrects Katib's modules right after they have been loaded."""

    def find_spec(self, name, path=None, target=None):
        correct = _CORRECTIONS.get(name)
        if correct is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            correct(module)

        spec.loader.exec_module = exec_module
        return spec


def _run_hidden():
    rest = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if "HONE_DB_MANAGER_ADDRESS" in os.environ:
    sys.meta_path.insert(0, _Finder())
_run_hidden()
