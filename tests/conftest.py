"""Settings of the whole test suite: reproducible, and one thread, so that ratios of times mean
something on a busy machine."""

import pytest
import torch
from hypothesis import settings

torch.set_num_threads(1)
settings.register_profile("reproducible", derandomize=True, deadline=None, database=None)
settings.load_profile("reproducible")


@pytest.fixture(autouse=True)
def _own_seed():
    """No test depends on what ran before it."""
    torch.manual_seed(20240229)
