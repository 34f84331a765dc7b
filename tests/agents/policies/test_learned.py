"""A network acting in numpy, and its refusals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from rlagents.encoding import classical
from rlagents.encoding.schemas import EncodedState
from rlagents.policies import models
from rlagents.policies.learned import LearnedPolicy
from rlagents.structs.errors import ModelSchemaError

MakeModel = Callable[[], models.Model]


@pytest.fixture
def policy(make_model: MakeModel) -> LearnedPolicy:
    return LearnedPolicy(make_model())


def changed(values: dict[str, float], *, rows: int = 1) -> EncodedState:
    """Features of 0.5, with some changed; NaN is unknown."""
    features = np.full((rows, 16), 0.5, dtype=np.float32)
    for name, value in values.items():
        features[:, classical.SCHEMA.index(name)] = value
    return EncodedState(features, np.isfinite(features), classical.SCHEMA.key)


def with_gap(name: str) -> EncodedState:
    """One state in which this feature is unknown."""
    return changed({name: np.nan})


def test_a_batch_is_each_of_its_rows(policy: LearnedPolicy) -> None:
    """Distribution and value of a state do not depend on what else is decided in the same batch."""
    features = np.random.default_rng(0).random((6, 16)).astype(np.float32)
    mask = np.random.default_rng(1).random((6, 9)) < 0.7
    mask[:, 0] = True
    together, values = policy.distribution(features, mask), policy.value(features)
    for row in range(6):
        alone = policy.distribution(features[row : row + 1], mask[row : row + 1])
        np.testing.assert_allclose(alone.probabilities()[0], together.probabilities()[row], atol=1e-6)
        np.testing.assert_allclose(policy.value(features[row : row + 1])[0], values[row], rtol=1e-5)


def test_an_unknown_feature_is_as_good_as_its_mean(policy: LearnedPolicy) -> None:
    """Filling in the training mean by hand changes nothing."""
    column = classical.SCHEMA.index("latency_p99")
    gap = policy.features(with_gap("latency_p99"))
    mean = policy.features(changed({"latency_p99": policy.card.feature_means[column]}))
    np.testing.assert_array_equal(gap, mean)
    assert np.isfinite(policy.value(gap)).all()


@pytest.mark.parametrize("name", classical.REQUIRED_FEATURES)
def test_required_features_that_are_unknown_are_named(policy: LearnedPolicy, name: str) -> None:
    """The caller must hand such rows to the baseline; optional ones are nobody's concern."""
    assert policy.missing(with_gap(name)) == ((name,),)
    assert policy.missing(with_gap("disk")) == ((),)


@pytest.mark.parametrize(
    ("values", "inside"),
    [
        ({}, True),
        ({"throughput": 0.84}, True),
        ({"throughput": 0.9}, False),
        ({"cpu": -0.2}, False),
        ({"throughput": np.nan}, True),
        ({"cpu_trend": -1.0}, True),
    ],
    ids=["inside", "within the margin", "above", "below", "unknown says nothing", "at the end of its range"],
)
def test_inputs_outside_the_trained_range_are_refused(
    policy: LearnedPolicy, values: dict[str, float], inside: bool
) -> None:
    """Each known feature must lie in what training has seen of it, give or take a small margin."""
    check = policy.in_distribution(changed(values, rows=2))
    assert check.inside.tolist() == [inside, inside]
    assert [message == "" for message in check.messages] == [inside, inside]


def test_the_refusal_names_the_worst_feature(policy: LearnedPolicy) -> None:
    """The sentence has the feature, its value and the trained range."""
    message = policy.in_distribution(changed({"cpu": 0.9, "throughput": 1.0})).messages[0]
    assert message == "throughput is 1 (scaled), trained on 0 to 0.8"


def test_an_empty_batch_is_no_special_case(policy: LearnedPolicy) -> None:
    """Nothing due, nothing decided."""
    nothing = changed({}, rows=0)
    assert policy.in_distribution(nothing).messages == ()
    assert policy.value(policy.features(nothing)).shape == (0,)


def test_features_of_another_schema_are_refused(policy: LearnedPolicy) -> None:
    """Sixteen numbers that mean something else are not features."""
    other = EncodedState(np.zeros((1, 16), np.float32), np.ones((1, 16), np.bool_), "relative/1")
    with pytest.raises(ModelSchemaError, match="relative/1"):
        policy.features(other)


def test_deciding_imports_no_torch() -> None:
    """Encoder, models, policy and simulator load in a process that must stay small."""
    script = (
        "import sys, rlagents.encoding.classical, rlagents.policies.learned, rlagents.policies.models, "
        "rlagents.simulation.environments, rlagents.simulation.workloads; "
        "sys.exit('torch' in sys.modules or 'gymnasium' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
