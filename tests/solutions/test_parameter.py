import numpy as np
import pytest

from solutions import Parameter


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_is_a_copy_and_grad_starts_at_zero(dtype):
    array = np.arange(6, dtype=dtype).reshape(2, 3)
    p = Parameter(array, name="weight")
    p.value[0, 0] = 100
    assert array[0, 0] == 0
    assert p.grad.dtype == p.value.dtype == dtype
    assert p.grad.shape == (2, 3)
    assert not p.grad.any()
    assert p.name == "weight"


def test_both_arrays_keep_their_place_in_memory():
    p = Parameter(np.ones((2, 3)), grad=np.full((2, 3), 2.0))
    value, grad = p.value, p.grad
    p.value = np.full((2, 3), 5.0)
    p.value += 1
    p.grad += 1
    assert p.value is value
    assert p.grad is grad
    assert (value == 6).all()
    assert (grad == 3).all()
    p.zero_grad()
    assert not grad.any()


def test_it_prints_its_name_shape_and_dtype():
    assert (
        repr(Parameter(np.zeros((2, 3), np.float32), name="bias")) == "Parameter('bias', shape=(2, 3), dtype=float32)"
    )


def test_what_does_not_fit_is_refused_by_name():
    p = Parameter(np.zeros((2, 3)), name="weight")
    with pytest.raises(
        ValueError, match=r"value of parameter 'weight' must have the shape of its value, \(2, 3\), got"
    ):
        p.value = np.zeros((3, 2))
    with pytest.raises(
        TypeError, match="grad of parameter 'weight' must have the dtype of its value, float64, got float32"
    ):
        p.grad = np.zeros((2, 3), np.float32)
    with pytest.raises(
        TypeError, match="grad of parameter 'weight' must be a NumPy array of float32 or float64, got None"
    ):
        p.grad = None
    with pytest.raises(TypeError, match=r"value must be floating point .*, got int64"):
        Parameter(np.zeros(3, np.int64))
    with pytest.raises(TypeError, match="name must be a string, got 3"):
        Parameter(np.zeros(3), name=3)
