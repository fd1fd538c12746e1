"""The classifier that judges generated images: what is committed, and how it is made."""

from dataclasses import replace

import pytest
import torch

from scorelab.__main__ import main
from scorelab.training.mnist.data import _WHOLE, load_mnist
from scorelab.training.mnist.judge import (
    CLASSIFIER,
    DigitClassifier,
    DigitsRecipe,
    accuracy,
    load_classifier,
    train_digits,
)


def test_the_committed_classifier_is_as_good_as_it_says():
    """On the 2,000 test images at hand; on all 10,000 it was measured when it was made.

    Two standard errors of a share of 0.99 of 2,000 are 0.004.
    """
    model, record = load_classifier()
    assert sum(p.numel() for p in model.parameters()) <= 100_000
    assert CLASSIFIER.stat().st_size <= 300_000
    assert record["data"] == _WHOLE
    assert (record["n_images"], record["n_test_images"]) == (60_000, 10_000)
    assert DigitsRecipe(**record["recipe"]) == DigitsRecipe()
    assert record["accuracy"] >= 0.99
    digits = load_mnist()
    found = accuracy(model, digits.test_images, digits.test_labels)
    assert found >= 0.98
    assert found == pytest.approx(record["accuracy"], abs=0.005)


def test_features_are_what_the_digits_are_taken_from():
    model, _ = load_classifier()
    x = load_mnist().test_images[:50]
    features = model.features(x)
    assert features.shape == (50, 64)
    assert (features >= 0).all()
    logits = features @ model.last.weight.T + model.last.bias
    torch.testing.assert_close(model.probabilities(x), logits.softmax(1))
    torch.testing.assert_close(model.probabilities(x).sum(1), torch.ones(50))


def test_accuracy_counts():
    class Parrot(torch.nn.Module):
        def forward(self, x):
            return torch.nn.functional.one_hot(x.long(), 10).float()

    labels = torch.arange(2_500) % 10
    wrong = torch.where(torch.arange(2_500) % 5 == 0, (labels + 1) % 10, labels)
    assert accuracy(Parrot(), wrong, labels) == pytest.approx(0.8)


@pytest.mark.nightly
def test_a_short_training_learns(tmp_path, capsys):
    """One pass over the 10,000 images at hand; chance is 0.1."""
    out = tmp_path / "net"
    words = ["train", "digits", "--out", str(out), "--quiet"]
    assert main([*words, "--n-epochs", "1", "--batch-size", "32"]) == 0
    model, record = load_classifier(out)
    assert f"{record['accuracy']:.2%}" in capsys.readouterr().out
    assert record["data"] == load_mnist().digests
    digits = load_mnist()
    assert record["accuracy"] == accuracy(model, digits.test_images, digits.test_labels)
    assert record["accuracy"] > 0.9


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"n_epochs": 0}, "n_epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_bad_recipes_are_named(change, name, tmp_path):
    with pytest.raises(ValueError, match=name):
        train_digits(None, tmp_path / "net", replace(DigitsRecipe(), **change), progress=False)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: DigitClassifier(widths=(8, 8)), "widths must be three numbers"),
        (lambda: DigitClassifier(widths=(8, 0, 8)), r"widths\[1\]"),
        (lambda: DigitClassifier(n_features=0), "n_features"),
        (lambda: DigitClassifier()(torch.zeros(2, 1, 32, 32)), r"\(n, 1, 28, 28\), got"),
        (lambda: DigitClassifier()(torch.zeros(2, 1, 28, 28).long()), "floating-point"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
