import sys

import numpy as np
import pytest

import solutions
from solutions.layers import BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential
from solutions.losses import CrossEntropyLoss
from solutions.models import LeNet5
from solutions.optim import Adam
from solutions.training import fit

SUFFIXES = [".npz", ".safetensors"]


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    if request.param == ".safetensors":
        pytest.importorskip("safetensors")
    return tmp_path / f"weights{request.param}"


def network(rng=0, dtype=np.float32):
    rng = np.random.default_rng(rng)
    new = {"rng": rng, "dtype": dtype}
    return Sequential(
        Conv2d(2, 3, 3, **new), BatchNorm2d(3, **new), ReLU(), MaxPool2d(2), Flatten(), Linear(27, 4, **new)
    )


def trained(dtype=np.float32):
    rng, model = np.random.default_rng(0), network(dtype=dtype)
    X, y = rng.normal(size=(20, 2, 8, 8)).astype(dtype), rng.integers(0, 4, 20)
    fit(model, CrossEntropyLoss(), Adam(model.parameters(), 0.01), (X, y), epochs=3, rng=0, progress=False)
    return model, X


def their_network(torch):
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)
    )


def test_all_arrays_come_back_as_they_were(path):
    state = {
        "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3).T,  # not contiguous
        "a.bias": np.array([1e-300, np.pi]),
        "steps": np.array(7, np.int64),
        "empty": np.zeros((0, 3), np.float32),
        "file": np.ones(2),  # an argument of np.savez
    }
    solutions.save(state, path)
    back = solutions.load(str(path))
    assert back.keys() == state.keys()
    for key, array in state.items():
        assert back[key].dtype == array.dtype
        assert back[key].shape == array.shape
        np.testing.assert_array_equal(back[key], array)
        back[key][...] = 0  # writable


def test_a_trained_model_answers_the_same_after_saving_and_loading(path):
    model, X = trained()
    solutions.save(model, path)
    other = network(rng=1).eval()
    state = solutions.load(path, other)
    assert state.keys() == model.state_dict().keys()
    np.testing.assert_array_equal(other(X), model(X))


def test_lenet_with_loaded_weights_answers_at_once(path):
    solutions.save(LeNet5(rng=3), path)
    model = LeNet5(rng=4)
    solutions.load(path, model)
    images = np.random.default_rng(0).random((5, 28, 28))
    np.testing.assert_array_equal(model.classes_, np.arange(10))
    first = LeNet5(rng=3)
    np.testing.assert_array_equal(
        model.predict(images), first.forward(images[:, None].astype(np.float32)).argmax(axis=1)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_trained_here_same_outputs_in_torch(path, dtype):
    torch = pytest.importorskip("torch")
    model, X = trained(dtype)
    solutions.save(model, path)
    theirs = their_network(torch).to(torch.float32 if dtype == np.float32 else torch.float64)
    if path.suffix == ".safetensors":
        state = pytest.importorskip("safetensors.torch").load_file(path)
    else:
        state = {key: torch.from_numpy(array) for key, array in solutions.load(path).items()}
    theirs.load_state_dict(state)  # strict: the same keys and shapes
    theirs.eval()
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(theirs(torch.from_numpy(X)).detach().numpy(), model(X), rtol=tolerance, atol=tolerance)


def test_trained_in_torch_same_outputs_here(path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs, X = their_network(torch), torch.randn(20, 2, 8, 8)
    optimizer = torch.optim.Adam(theirs.parameters(), 0.01)
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(theirs(X), torch.arange(20) % 4).backward()
        optimizer.step()
    theirs.eval()
    if path.suffix == ".safetensors":
        pytest.importorskip("safetensors.torch").save_file(theirs.state_dict(), path)
    else:
        np.savez(path, **{key: tensor.numpy() for key, tensor in theirs.state_dict().items()})
    model = network().eval()
    solutions.load(path, model)
    np.testing.assert_allclose(model(X.numpy()), theirs(X).detach().numpy(), rtol=1e-5, atol=1e-5)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    solutions.save({"w": np.ones(3)}, path)
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *names: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        solutions.save({"w": np.zeros(3)}, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_damaged_file_is_named(path):
    solutions.save({"w": np.ones(30)}, path)
    for content in (b"", b"hello", path.read_bytes()[:-40]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"weights\{path.suffix} is damaged or no \{path.suffix} file: "):
            solutions.load(path)


def test_objects_are_never_unpickled(tmp_path):
    path = tmp_path / "evil.npz"
    np.savez(path, w=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match=r"evil\.npz is damaged or no \.npz file: Object arrays cannot be loaded"):
        solutions.load(path)


def test_weights_of_another_network_are_refused(path):
    solutions.save(Linear(3, 2, rng=0), path)
    with pytest.raises(ValueError, match=r"key 'weight' must have shape \(4, 3\), got \(2, 3\)"):
        solutions.load(path, Linear(3, 4))


def test_safetensors_without_its_library_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    message = r"a \.safetensors file needs the library safetensors.*pip install 'convcourse\[safetensors\]'"
    with pytest.raises(ImportError, match=message):
        solutions.save({"w": np.ones(2)}, tmp_path / "w.safetensors")
    (tmp_path / "w.safetensors").write_bytes(b"")
    with pytest.raises(ImportError, match=message):
        solutions.load(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("model", "name", "error", "message"),
    [
        ({"w": np.ones(2)}, "w.pt", ValueError, r"path must end in \.npz or \.safetensors, got '.*w\.pt'"),
        ({"w": np.ones(2)}, "w", ValueError, r"path must end in \.npz or \.safetensors"),
        ({}, "w.npz", ValueError, "model must hold at least one array to save, got none"),
        ([np.ones(2)], "w.npz", TypeError, r"model must have state_dict\(\) or be a mapping .*got a list"),
        ({1: np.ones(2)}, "w.npz", TypeError, "model must have strings as names, got 1"),
        ({"w": "text"}, "w.npz", TypeError, "w must be an array of numbers, got 'text'"),
        ({"w": [None]}, "w.npz", TypeError, "w must be an array of numbers, got a list"),
    ],
)
def test_what_cannot_be_saved_is_refused_by_name(tmp_path, model, name, error, message):
    with pytest.raises(error, match=message):
        solutions.save(model, str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_loaded_is_refused_by_name(tmp_path):
    with pytest.raises(FileNotFoundError):
        solutions.load(tmp_path / "missing.npz")
    with pytest.raises(TypeError, match="path must be a string or a path, got 3"):
        solutions.load(3)
    with pytest.raises(TypeError, match="model must have load_state_dict, got a dict"):
        solutions.load(tmp_path / "w.npz", {})
