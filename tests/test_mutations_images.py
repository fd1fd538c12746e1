"""Mistakes in what images need, each made here and each noticed.

Where two forms could both be trained, such as scale and shift exchanged, it is the committed
network that notices: it was trained with one of them. See `mutation.py` for how.
"""

import pytest
from mutation import Mutant, by_tier

TRAINED = "test_mnist_network::test_it_gives_the_loss_that_was_recorded"
UNET = [
    (
        "skip connection without the noise's variance",
        "total = sigma**2 + self.data_variance",
        "total = sigma**2 * 0 + self.data_variance",
        "test_unet::test_untrained_it_is_the_score_of_a_gaussian",
        {"sigma": 1.0},
    ),
    (
        "input not scaled",
        "(centred * total.rsqrt()).chunk(parts)",
        "centred.chunk(parts)",
        "test_unet::test_scales_of_input_and_output",
    ),
    (
        "output not over σ",
        "(self.data_variance / total).sqrt() / sigma * learned",
        "(self.data_variance / total).sqrt() * learned",
        "test_unet::test_scales_of_input_and_output",
    ),
    (
        "no preconditioning of the output",
        "(self.data_variance / total).sqrt() / sigma * learned",
        "learned",
        "test_unet::test_scales_of_input_and_output",
    ),
    (
        "no root in the output's scale",
        "(self.data_variance / total).sqrt() / sigma * learned",
        "(self.data_variance / total) / sigma * learned",
        "test_unet::test_scales_of_input_and_output",
    ),
    (
        "one σ for the whole batch",
        "sigma.reshape(len(x), 1).chunk(parts)",
        "sigma.reshape(-1, 1)[:1].expand(len(x), 1).chunk(parts)",
        "test_unet::test_sigma_may_be_a_number_a_scalar_tensor_or_one_a_row",
    ),
    (
        "scale and shift exchanged",
        "scale, shift = self.film",
        "shift, scale = self.film",
        TRAINED,
    ),
    ("σ not seen by the blocks", "self.embedding(sigma)", "self.embedding(0 * sigma + 1)", TRAINED),
    ("blocks without their residual", "return h + self.conv2(", "return self.conv2(", TRAINED),
    ("attention of the asked to the asking", ".softmax(2)", ".softmax(3)", TRAINED),
    ("attention without its root", "math.sqrt(query.shape[2])", "query.shape[2]", TRAINED),
    ("attention without its residual", "return h + self.answer", "return self.answer", TRAINED),
    ("fine strokes not handed over", "full + self.from_half(h)", "self.from_half(h)", TRAINED),
]
DATA = [
    (
        "white is not 1",
        ".float() / 255",
        ".float() / 256",
        "test_data::test_the_part_that_comes_with_the_package",
    ),
    (
        "a byte order of the machine",
        'int.from_bytes(content[i : i + 4], "big")',
        'int.from_bytes(content[i : i + 4], "little")',
        "test_data::test_the_part_that_comes_with_the_package",
    ),
]
RECIPES = [
    (
        "spread of the levels forgotten",
        "np.exp(spread * ndtri(",
        "np.exp(ndtri(",
        "test_recipes::test_levels_hold_equal_shares_of_a_log_normal_law",
    ),
    (
        "half of the digits of the network lost",
        "return model.requires_grad_(False), record",
        "return model.bfloat16().float().requires_grad_(False), record",
        TRAINED,
    ),
]
METRICS = [
    (
        "no 2 before the cross term",
        "cov_y.trace() - 2 * cross",
        "cov_y.trace() - cross",
        "test_metrics::test_frechet_distance_of_gaussians_in_closed_form",
    ),
    (
        "covariances taken for commuting",
        "torch.linalg.eigvalsh(root @ cov_y @ root).clamp_min(0).sqrt().sum()",
        "(root * torch.linalg.cholesky(cov_y)).sum()",
        "test_metrics::test_frechet_distance_of_gaussians_in_closed_form",
    ),
    (
        "distance of the means not squared",
        "shift = (x.mean(0) - y.mean(0)).square().sum()",
        "shift = (x.mean(0) - y.mean(0)).norm()",
        "test_metrics::test_frechet_distance_of_gaussians_in_closed_form",
    ),
]
PLOTTING = [
    (
        "rows and columns of the mosaic exchanged",
        "sheet.unflatten(0, (rows, columns)).transpose(1, 2)",
        "sheet.unflatten(0, (columns, rows)).transpose(0, 1).transpose(1, 2)",
        "test_plotting::test_tiles_keep_the_order_of_the_images",
    ),
]
DIGITS = [
    (
        "the least probable digit",
        "(model(x).argmax(1) == y)",
        "(model(x).argmin(1) == y)",
        "test_digits::test_accuracy_counts",
    ),
]


def mutants():
    tables = {
        "networks.unet": UNET,
        "training.mnist.data": DATA,
        "training.mnist.network": RECIPES,
        "metrics": METRICS,
        "figures.plotting": PLOTTING,
        "training.mnist.judge": DIGITS,
    }
    for module, rows in tables.items():
        for name, old, new, killer, *arguments in rows:
            yield Mutant(name, module, old, new, killer, *arguments)


@pytest.mark.parametrize("mutant", by_tier(list(mutants())), ids=str)
def test_every_mutant_is_killed(mutant):
    mutant.assert_killed()
