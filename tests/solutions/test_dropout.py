import numpy as np
import pytest

import solutions as s


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_mask_drops_a_share_p_and_keeps_the_mean(p, dtype):
    x = np.full((200, 500), 3, dtype)
    y, mask = s.dropout(x, p, rng=0)
    assert y.dtype == mask.dtype == dtype
    np.testing.assert_allclose(np.unique(mask), [0, 1 / (1 - p)], rtol=1e-6)
    np.testing.assert_array_equal(y, x * mask)
    # 100,000 draws: the share has a standard deviation of at most 0.0016, the mean of at most 0.019
    assert (mask == 0).mean() == pytest.approx(p, abs=0.01)
    assert y.mean() == pytest.approx(3, abs=0.12)


def test_half_dropped_keeps_the_expected_activation():
    y, mask = s.dropout(np.ones(10_000), rng=1)  # p = 0.5 unless given, as in deck 001
    assert set(np.unique(mask)) == {0.0, 2.0}
    assert y.mean() == pytest.approx(1, abs=0.05)


def test_same_seed_same_mask_in_both_dtypes_and_from_a_generator():
    x = np.ones((3, 4, 5))
    _, mask = s.dropout(x, 0.4, True, 3)
    np.testing.assert_array_equal(s.dropout(x, 0.4, True, np.random.default_rng(3))[1], mask)
    np.testing.assert_array_equal(s.dropout(x.astype(np.float32), 0.4, True, np.int64(3))[1] > 0, mask > 0)
    assert (s.dropout(x, 0.4, True, 4)[1] != mask).any()


def test_a_generator_moves_on_and_numpys_global_state_does_not():
    rng = np.random.default_rng(0)
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - it is the global state that must stay as it is
    first, second = s.dropout(np.ones(50), rng=rng)[1], s.dropout(np.ones(50), rng=rng)[1]
    assert (first != second).any()
    assert (s.dropout(np.ones(50))[1] != s.dropout(np.ones(50))[1]).any()
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.parametrize("options", [{"training": False}, {"p": 0}, {"p": 0, "training": True}])
def test_without_dropping_the_input_passes_as_a_copy(options):
    x = np.arange(4.0)
    y, mask = s.dropout(x, **options)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(mask, np.ones(4))
    assert not np.shares_memory(x, y)


def test_p_of_one_drops_everything_silently():
    with np.errstate(all="raise"):
        y, mask = s.dropout(np.ones(5), p=1.0, rng=0)
    assert not y.any()
    assert not mask.any()


def test_backward_multiplies_with_the_mask():
    rng = np.random.default_rng(2)
    x, grad_y = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    _, mask = s.dropout(x, 0.3, rng=5)
    np.testing.assert_array_equal(s.dropout_backward(grad_y, mask), grad_y * mask)


def test_empty_batch():
    y, mask = s.dropout(np.zeros((0, 3)), rng=0)
    assert y.shape == mask.shape == s.dropout_backward(y, mask).shape == (0, 3)
