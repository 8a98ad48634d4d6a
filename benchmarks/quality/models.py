# SPDX-License-Identifier: Apache-2.0
"""The model families behind the tables: parameters with the levels of their grid, and how to build the model.

A parameter has levels; all levels of an active numeric parameter are measured, so the table is a full factorial in each
branch. `outer` levels at either end are measured too, but only the variant "widened" lets a search go there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn import discriminant_analysis, ensemble, kernel_ridge, linear_model, naive_bayes, neighbors, neural_network
from sklearn import decomposition, preprocessing, svm, tree
from sklearn.pipeline import make_pipeline

MODEL_SEED = 7

Settings = dict[str, Any]
When = dict[str, list[Any]]


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: str  # real, log, int, logint: numbers; word: categories
    levels: list
    outer: tuple[int, int] = (0, 0)
    when: When = field(default_factory=dict)  # {branching parameter: its values}; empty: always active


@dataclass(frozen=True)
class Family:
    metric: str  # error, logloss: classification; unexplained (1 - R2): regression
    parameters: list[Parameter]
    build: Callable[[Settings, int], Any]  # (settings, number of features) -> estimator
    data: list[str]


def real(name: str, low: float, high: float, count: int, **more: Any) -> Parameter:
    return Parameter(name, "real", [float(f"{v:.6g}") for v in np.linspace(low, high, count)], **more)


def log(name: str, low: float, high: float, count: int, **more: Any) -> Parameter:
    return Parameter(name, "log", [float(f"{v:.6g}") for v in np.geomspace(low, high, count)], **more)


def whole(name: str, *levels: int, **more: Any) -> Parameter:
    return Parameter(name, "int", list(levels), **more)


def logwhole(name: str, *levels: int, **more: Any) -> Parameter:
    return Parameter(name, "logint", list(levels), **more)


def words(name: str, *levels: str, **more: Any) -> Parameter:
    return Parameter(name, "word", list(levels), **more)


def share(part: float, whole_number: int) -> int:
    return max(1, round(part * whole_number))


def prepared(settings: Settings, features: int, model: Any) -> Any:
    scalers = {
        "standard": preprocessing.StandardScaler,
        "minmax": preprocessing.MinMaxScaler,
        "robust": preprocessing.RobustScaler,
    }
    steps = [scalers[settings["scaling"]]()] if settings["scaling"] in scalers else []
    if settings.get("reduce") == "pca":
        steps.append(decomposition.PCA(share(settings["kept"], features), random_state=MODEL_SEED))
    return make_pipeline(*steps, model) if steps else model


def class_weight(settings: Settings) -> str | None:
    return "balanced" if settings["class_weight"] == "balanced" else None


def build_svm(s: Settings, _features: int) -> Any:
    return svm.SVC(
        kernel=s["kernel"],
        C=s["C"],
        gamma=s.get("gamma", 1.0),
        degree=s.get("degree", 3),
        coef0=s.get("coef0", 0.0),
        class_weight=class_weight(s),
        max_iter=20000,
        random_state=MODEL_SEED,
    )


def build_knn(s: Settings, features: int) -> Any:
    model = neighbors.KNeighborsClassifier(
        n_neighbors=s["n_neighbors"], metric=s["metric"], p=s.get("p", 2), weights=s["weights"], algorithm="brute"
    )
    return prepared(s, features, model)


def forest(kind: Any) -> Callable[[Settings, int], Any]:
    def build(s: Settings, _features: int) -> Any:
        return kind(
            n_estimators=12,
            criterion=s["criterion"],
            max_features=s["max_features"],
            min_samples_leaf=s["min_samples_leaf"],
            max_depth=s["max_depth"],
            bootstrap=s["bootstrap"] == "yes",
            max_samples=s.get("max_samples"),
            random_state=MODEL_SEED,
        )

    return build


def build_hist_boosting(s: Settings, _features: int) -> Any:
    return ensemble.HistGradientBoostingClassifier(max_bins=32, early_stopping=False, random_state=MODEL_SEED, **s)


def build_mlp(s: Settings, _features: int) -> Any:
    units = [s[f"units{i}"] for i in (1, 2, 3) if f"units{i}" in s]
    return neural_network.MLPClassifier(
        hidden_layer_sizes=units,
        activation=s["activation"],
        alpha=s["alpha"],
        solver=s["solver"],
        learning_rate_init=s.get("learning_rate", 1e-3),
        momentum=s.get("momentum", 0.9),
        batch_size=32,
        max_iter=12,
        random_state=MODEL_SEED,
    )


def build_tree(s: Settings, _features: int) -> Any:
    return tree.DecisionTreeClassifier(random_state=MODEL_SEED, **s)


def build_sgd(s: Settings, _features: int) -> Any:
    return linear_model.SGDClassifier(max_iter=8, tol=None, random_state=MODEL_SEED, **s)


def build_logistic(s: Settings, features: int) -> Any:
    model = linear_model.LogisticRegression(
        penalty=s["penalty"],
        C=s["C"],
        l1_ratio=s.get("l1_ratio"),
        class_weight=class_weight(s),
        solver="saga",
        max_iter=30,
        random_state=MODEL_SEED,
    )
    return prepared(s, features, model)


def build_adaboost(s: Settings, _features: int) -> Any:
    base = tree.DecisionTreeClassifier(
        max_depth=s["max_depth"], min_samples_leaf=s["min_samples_leaf"], random_state=MODEL_SEED
    )
    return ensemble.AdaBoostClassifier(
        base,
        n_estimators=s["n_estimators"],
        learning_rate=s["learning_rate"],
        algorithm=s["algorithm"],
        random_state=MODEL_SEED,
    )


def build_discriminant(s: Settings, features: int) -> Any:
    if s["model"] == "bayes":
        model = naive_bayes.GaussianNB(var_smoothing=s["var_smoothing"])
    elif s["model"] == "linear":
        model = discriminant_analysis.LinearDiscriminantAnalysis(solver="lsqr", shrinkage=s["shrinkage"])
    else:
        model = discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=s["reg_param"])
    return prepared(s, features, model)


def build_kernel_ridge(s: Settings, _features: int) -> Any:
    return kernel_ridge.KernelRidge(
        kernel=s["kernel"], alpha=s["alpha"], gamma=s["gamma"], degree=s.get("degree", 3), coef0=s.get("coef0", 1)
    )


def build_linear(s: Settings, _features: int) -> Any:
    if s["model"] == "ridge":
        model = linear_model.Ridge(alpha=100 * s["alpha"])
    elif s["model"] == "elastic":
        model = linear_model.ElasticNet(alpha=s["alpha"], l1_ratio=s["l1_ratio"], max_iter=200)
    else:
        model = linear_model.HuberRegressor(epsilon=s["epsilon"], alpha=s["alpha"], max_iter=60)
    if s["terms"] == "linear":
        return model
    interactions = preprocessing.PolynomialFeatures(2, interaction_only=s["terms"] == "products", include_bias=False)
    return make_pipeline(interactions, preprocessing.StandardScaler(), model)


def build_svr(s: Settings, _features: int) -> Any:
    return svm.SVR(
        kernel=s["kernel"],
        C=s["C"],
        epsilon=s["epsilon"],
        gamma=s.get("gamma", 1.0),
        degree=s.get("degree", 3),
        coef0=s.get("coef0", 0.0),
        max_iter=4000,
    )


def build_gradient_boosting(s: Settings, _features: int) -> Any:
    return ensemble.GradientBoostingRegressor(random_state=MODEL_SEED, **s)


CURVED = {"kernel": ["rbf", "poly", "sigmoid"]}
POWERS = {"kernel": ["poly"]}

FAMILIES: dict[str, Family] = {
    "svm": Family(
        "error",
        [
            words("kernel", "linear", "rbf", "poly", "sigmoid"),
            log("C", 1e-3, 1e5, 11, outer=(1, 1)),
            log("gamma", 1e-5, 1e1, 9, outer=(1, 1), when=CURVED),
            whole("degree", 2, 3, 4, when=POWERS),
            real("coef0", 0.0, 1.0, 3, when={"kernel": ["poly", "sigmoid"]}),
            words("class_weight", "none", "balanced"),
        ],
        build_svm,
        ["digits", "cancer", "made4", "circles"],
    ),
    "knn": Family(
        "error",
        [
            logwhole("n_neighbors", 1, 2, 3, 5, 8, 13, 21, 34, 60, outer=(0, 1)),
            words("metric", "minkowski", "chebyshev", "cosine"),
            real("p", 1.0, 5.0, 5, when={"metric": ["minkowski"]}),
            words("weights", "uniform", "distance"),
            words("scaling", "none", "standard", "minmax"),
            words("reduce", "none", "pca"),
            real("kept", 0.1, 0.9, 5, when={"reduce": ["pca"]}),
        ],
        build_knn,
        ["digits", "wine", "quantiles", "made2"],
    ),
    "forest": Family(
        "logloss",
        [
            words("criterion", "gini", "entropy"),
            real("max_features", 0.05, 1.0, 6, outer=(0, 1)),
            logwhole("min_samples_leaf", 1, 2, 4, 8, 20, outer=(0, 1)),
            whole("max_depth", 2, 4, 8, 14),
            words("bootstrap", "yes", "no"),
            real("max_samples", 0.2, 1.0, 4, when={"bootstrap": ["yes"]}),
        ],
        forest(ensemble.RandomForestClassifier),
        ["digits", "wine", "made4"],
    ),
    "hist_boosting": Family(
        "logloss",
        [
            log("learning_rate", 3e-3, 1, 8, outer=(1, 0)),
            logwhole("max_iter", 3, 8, 20, 50),
            logwhole("max_leaf_nodes", 2, 4, 8, 16),
            logwhole("min_samples_leaf", 2, 8, 30),
            log("l2_regularization", 1e-2, 1e2, 4),
        ],
        build_hist_boosting,
        ["cancer", "hastie", "made2"],
    ),
    "mlp": Family(
        "logloss",
        [
            whole("layers", 1, 2, 3),
            logwhole("units1", 4, 16, 64),
            logwhole("units2", 4, 24, when={"layers": [2, 3]}),
            logwhole("units3", 4, 24, when={"layers": [3]}),
            words("activation", "relu", "tanh"),
            log("alpha", 1e-5, 1e1, 4),
            words("solver", "adam", "sgd", "lbfgs"),
            log("learning_rate", 1e-4, 1e-1, 5, when={"solver": ["adam", "sgd"]}),
            real("momentum", 0.5, 0.99, 2, when={"solver": ["sgd"]}),
        ],
        build_mlp,
        ["moons", "wine", "iris"],
    ),
    "tree": Family(
        "error",
        [
            words("criterion", "gini", "entropy"),
            words("splitter", "best", "random"),
            whole("max_depth", 1, 2, 4, 7, 12),
            logwhole("min_samples_leaf", 1, 3, 8, 20),
            logwhole("min_samples_split", 2, 8, 30),
            real("max_features", 0.1, 1.0, 4),
            log("ccp_alpha", 1e-4, 1e-1, 4),
        ],
        build_tree,
        ["cancer", "iris", "quantiles", "mnist"],
    ),
    "sgd": Family(
        "error",
        [
            words("loss", "hinge", "log_loss", "modified_huber"),
            log("alpha", 1e-6, 1e0, 7, outer=(1, 1)),
            words("penalty", "l2", "l1", "elasticnet"),
            real("l1_ratio", 0.0, 1.0, 3, when={"penalty": ["elasticnet"]}),
            words("learning_rate", "optimal", "constant", "invscaling", "adaptive"),
            log("eta0", 1e-4, 1e1, 5, when={"learning_rate": ["constant", "invscaling", "adaptive"]}),
            real("power_t", 0.1, 0.9, 2, when={"learning_rate": ["invscaling"]}),
        ],
        build_sgd,
        ["digits", "cancer", "made2", "hastie"],
    ),
    "kernel_ridge": Family(
        "unexplained",
        [
            words("kernel", "rbf", "laplacian", "polynomial"),
            log("alpha", 1e-6, 1e3, 13, outer=(1, 1)),
            log("gamma", 1e-5, 1e1, 13, outer=(1, 1)),
            whole("degree", 2, 3, 4, 5, when={"kernel": ["polynomial"]}),
            real("coef0", 0.0, 2.0, 3, when={"kernel": ["polynomial"]}),
        ],
        build_kernel_ridge,
        ["diabetes", "friedman1", "friedman2", "autompg"],
    ),
    "adaboost": Family(
        "error",
        [
            log("learning_rate", 1e-2, 1e1, 8, outer=(0, 1)),
            logwhole("n_estimators", 3, 8, 18, 40),
            whole("max_depth", 1, 2, 4, 7),
            logwhole("min_samples_leaf", 1, 3, 8, 20),
            words("algorithm", "SAMME", "SAMME.R"),
        ],
        build_adaboost,
        ["wine", "hastie", "made4"],
    ),
    "logistic": Family(
        "logloss",
        [
            words("penalty", "l1", "l2", "elasticnet"),
            real("l1_ratio", 0.0, 1.0, 3, when={"penalty": ["elasticnet"]}),
            log("C", 1e-4, 1e4, 11, outer=(1, 1)),
            words("class_weight", "none", "balanced"),
            words("scaling", "standard", "minmax", "robust"),
            words("reduce", "none", "pca"),
            real("kept", 0.1, 0.9, 4, when={"reduce": ["pca"]}),
        ],
        build_logistic,
        ["wine", "cancer", "made4"],
    ),
    "extra_trees": Family(
        "error",
        [
            words("criterion", "gini", "entropy"),
            real("max_features", 0.05, 1.0, 5, outer=(0, 1)),
            logwhole("min_samples_leaf", 1, 2, 4, 8, 20, outer=(0, 1)),
            whole("max_depth", 2, 5, 14),
            words("bootstrap", "yes", "no"),
            real("max_samples", 0.2, 1.0, 3, when={"bootstrap": ["yes"]}),
        ],
        forest(ensemble.ExtraTreesClassifier),
        ["quantiles", "wine"],
    ),
    "svr": Family(
        "unexplained",
        [
            words("kernel", "linear", "rbf", "poly", "sigmoid"),
            log("C", 1e-3, 1e3, 9, outer=(1, 1)),
            log("epsilon", 1e-3, 1e0, 5),
            log("gamma", 1e-4, 1e1, 8, outer=(1, 1), when=CURVED),
            whole("degree", 2, 3, when=POWERS),
            real("coef0", 0.0, 1.0, 2, when={"kernel": ["poly", "sigmoid"]}),
        ],
        build_svr,
        ["diabetes", "friedman1", "friedman3"],
    ),
    "gradient_boosting": Family(
        "unexplained",
        [
            words("loss", "squared_error", "huber"),
            real("alpha", 0.5, 0.99, 2, when={"loss": ["huber"]}),
            log("learning_rate", 1e-2, 1, 6),
            logwhole("n_estimators", 6, 14, 30),
            whole("max_depth", 1, 3, 5),
            real("subsample", 0.3, 1.0, 3),
        ],
        build_gradient_boosting,
        ["friedman2", "friedman3"],
    ),
    "linear": Family(
        "unexplained",
        [
            words("model", "ridge", "elastic", "huber"),
            log("alpha", 1e-6, 1e2, 19, outer=(2, 2)),
            real("l1_ratio", 0.05, 1.0, 11, when={"model": ["elastic"]}),
            real("epsilon", 1.05, 3.0, 9, when={"model": ["huber"]}),
            words("terms", "linear", "products", "all"),
        ],
        build_linear,
        ["diabetes", "sparse", "autompg", "friedman1"],
    ),
    "discriminant": Family(
        "logloss",
        [
            words("model", "bayes", "linear", "quadratic"),
            log("var_smoothing", 1e-8, 1e0, 7, when={"model": ["bayes"]}),
            real("shrinkage", 0.0, 1.0, 9, when={"model": ["linear"]}),
            real("reg_param", 0.0, 1.0, 9, when={"model": ["quadratic"]}),
            words("scaling", "none", "standard", "minmax", "robust"),
            words("reduce", "none", "pca"),
            real("kept", 0.1, 0.9, 9, when={"reduce": ["pca"]}),
        ],
        build_discriminant,
        ["wine", "quantiles"],
    ),
}
