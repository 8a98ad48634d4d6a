# SPDX-License-Identifier: Apache-2.0
"""Metrics of jobs, plots, and studies of Optuna."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from types import SimpleNamespace

import hone
from hone._http import Transport, _is_stale

from support import Daemon, FolderTest, eventually


class ReportTest(unittest.TestCase):
    def collect(self, text: str, kind: str) -> list:
        with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
            log.write(text)
            log.flush()
            run = subprocess.run(
                [
                    *(os.environ["HONE_PROGRAM"], "collect", "--metrics", "loss;val-acc"),
                    *("--format", kind, log.name),
                ],
                capture_output=True,
                text=True,
                check=True,
            )
        logs = json.loads(run.stdout)["metricLogs"]
        return [(one["metric"]["name"], one["metric"]["value"]) for one in logs]

    def test_the_collectors_read_what_it_writes(self):
        for kind in ("text", "json"):
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                hone.report_metrics(format=kind, loss=1e-7, **{"val-acc": 0.5})
                hone.report_metrics(format=kind, loss=2)
            found = [
                (name, float(value)) for name, value in self.collect(out.getvalue(), kind.upper())
            ]
            self.assertEqual(found, [("loss", 1e-7), ("val-acc", 0.5), ("loss", 2.0)])
        with self.assertRaises(hone.InvalidArgument):
            hone.report_metrics(**{"val/loss": 1})


class PlotTest(FolderTest):
    def test_each_plot_shows_the_trials(self):
        import matplotlib

        matplotlib.use("agg")
        study = self.study(seed=1, algorithm="random")
        with self.assertRaises(hone.NoResult):
            hone.plot.optimization_history(study)

        def objective(trial):
            rate = trial.suggest_float("rate", 1e-3, 1, log=True)
            kind = trial.suggest_categorical("kind", ["a", None])
            return rate if kind is None else rate + trial.suggest_int("n", 1, 3)

        study.optimize(objective, n_trials=20)
        points, best = hone.plot.optimization_history(study).get_lines()
        self.assertEqual(list(points.get_ydata()), [t.value for t in study.trials])
        self.assertEqual(best.get_ydata()[-1], study.best_value)
        self.assertEqual(len(hone.plot.parallel_coordinates(study).get_lines()), 20)
        panels = hone.plot.slice(study)
        self.assertEqual({p.get_xlabel() for p in panels}, set(study.space))
        bars = hone.plot.importance(study)
        self.assertEqual({t.get_text() for t in bars.get_yticklabels()}, set(study.space))
        self.assertEqual(set(study.importance()), set(study.space))


def named(name: str) -> SimpleNamespace:
    return SimpleNamespace(name=name)


class FloatDistribution(SimpleNamespace):
    pass


class CategoricalDistribution(SimpleNamespace):
    pass


class OptunaTest(FolderTest):
    def test_a_study_goes_on_where_optuna_ended(self):
        x = FloatDistribution(low=0.0, high=1.0, log=False, step=None)
        kind = CategoricalDistribution(choices=("a", None))

        def trial(state, params, values=None, curve=()):
            distributions = {n: {"x": x, "kind": kind}[n] for n in params}
            return SimpleNamespace(
                state=named(state),
                params=params,
                distributions=distributions,
                values=values,
                intermediate_values=dict(curve),
            )

        past = SimpleNamespace(
            study_name="from-optuna",
            directions=[named("MAXIMIZE")],
            trials=[
                trial("COMPLETE", {"x": 0.25}, [3.0]),
                trial("COMPLETE", {"x": 0.75, "kind": None}, [7.0]),
                trial("COMPLETE", {"x": 0.75, "kind": None}, [9.0]),
                trial("PRUNED", {"x": 0.1, "kind": "a"}, None, {1: 1.5}),
                trial("FAIL", {"x": 0.2, "kind": "a"}),
                trial("RUNNING", {"x": 0.3}),
            ],
        )
        study = hone.import_optuna(past, data_dir=self.folder)
        self.addCleanup(study.close)
        found = [(t.state, t.value, t.params["x"]) for t in study.trials]
        self.assertEqual(
            found,
            [
                ("succeeded", 3.0, 0.25),
                ("succeeded", 7.0, 0.75),
                ("stopped", 1.5, 0.1),
                ("failed", None, 0.2),
            ],
        )
        self.assertEqual(study.best_value, 7.0)
        self.assertEqual(study.best_params, {"x": 0.75, "kind": None})
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=2)
        self.assertEqual(len(study.trials), 6)

    def test_optuna_itself(self):
        try:
            import optuna
        except ImportError:
            self.skipTest("optuna is not installed")
        past = optuna.create_study()
        past.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_int("n", 1, 9), n_trials=5)
        study = hone.import_optuna(past, data_dir=self.folder)
        self.addCleanup(study.close)
        self.assertEqual(study.best_value, past.best_value)
        self.assertEqual(study.best_params, past.best_params)


class ConnectionTest(unittest.TestCase):
    def test_a_connection_that_the_server_gave_up_is_made_anew(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def serve():
            for _ in range(2):
                connection, _ = server.accept()
                connection.recv(10000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                connection.close()
                closed.set()

        closed = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        transport = Transport(f"http://127.0.0.1:{server.getsockname()[1]}", 0)
        self.assertEqual(transport.call("POST", "/", {}, again=False), {})
        closed.wait()
        eventually(lambda: _is_stale(transport._local.connection), "the end arrives")
        self.assertEqual(transport.call("POST", "/", {}, again=False), {})
        thread.join()
        transport.close()


class TokenTest(unittest.TestCase):
    def make(self, *words: str) -> str:
        run = subprocess.run(
            [os.environ["HONE_PROGRAM"], "token", "create", "--data-dir", self.folder, *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout.strip()

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.editor = self.make("--role", "editor")
        self.daemon = Daemon(self.folder)
        self.addCleanup(self.daemon.end)

    def test_a_server_that_asks_takes_a_token_and_nothing_else(self):
        server = self.daemon.address
        viewer = self.make()
        for token in (None, viewer, self.editor[:-1], "x"):
            with self.assertRaises(hone.NotAllowed) as refused:
                hone.create_study(name="mine", server=server, token=token)
            self.assertEqual(isinstance(refused.exception, hone.Unauthenticated), token != viewer)
            self.assertNotIn(token or "none of these", str(refused.exception))
        with self.assertRaises(hone.InvalidArgument):
            hone.create_study(name="mine", server=server, token="two words")
        with self.assertRaises(hone.InvalidArgument):
            hone.create_study(name="mine", data_dir=self.folder, token=self.editor)
        with hone.create_study(name="mine", server=server, token=self.editor, seed=1) as study:
            study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
            self.assertEqual(len(study.trials), 3)
        os.environ["HONE_TOKEN"] = viewer
        self.addCleanup(os.environ.pop, "HONE_TOKEN")
        with hone.load_study("mine", server) as study:
            self.assertEqual(len(study.trials), 3)
            with self.assertRaises(hone.NotAllowed):
                study.ask()


class ImportTest(unittest.TestCase):
    def test_the_public_names_are_there_without_anything_else_installed(self):
        text = "import sys, hone; print([n for n in hone.__all__ if not hasattr(hone, n)])\n"
        text += (
            "print([m for m in ('numpy', 'pandas', 'matplotlib', 'optuna') if m in sys.modules])"
        )
        run = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=True
        )
        self.assertEqual(run.stdout, "[]\n[]\n")


if __name__ == "__main__":
    unittest.main()
