"""Answers to `conv3d`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: six loops
def conv3d(volume, kernel):
    D, H, W = volume.shape
    d, h, w = kernel.shape
    out = np.zeros((D - d + 1, H - h + 1, W - w + 1))
    for a in range(D - d + 1):
        for b in range(H - h + 1):
            for c in range(W - w + 1):
                for i in range(d):
                    for j in range(h):
                        for l in range(w):
                            out[a, b, c] += kernel[i, j, l] * volume[a + i, b + j, c + l]
    return out


# %% right: one sum for each place of the window
def conv3d(volume, kernel):
    d, h, w = kernel.shape
    shape = np.array(volume.shape) - kernel.shape + 1
    out = np.empty(shape)
    for a, b, c in np.ndindex(*shape):
        out[a, b, c] = np.sum(volume[a : a + d, b : b + h, c : c + w] * kernel)
    return out


# %% right: all windows at once with tensordot
def conv3d(volume, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(volume, kernel.shape)
    return np.tensordot(windows, kernel, axes=3)


# %% right: layers of conv2d, added up
def conv3d(volume, kernel):
    d = len(kernel)
    layers = []
    for a in range(len(volume) - d + 1):
        layers.append(sum(conv2d(volume[a + i], kernel[i]) for i in range(d)))
    return np.array(layers)


# %% right: SciPy's true convolution with the kernel flipped back along every axis
def conv3d(volume, kernel):
    return convolve(volume, np.flip(kernel), mode="valid", method="direct")


# %% right: through the Fourier transform
def conv3d(volume, kernel):
    spectrum = np.fft.fftn(volume) * np.conj(np.fft.fftn(kernel, s=volume.shape, axes=(0, 1, 2)))
    everywhere = np.fft.ifftn(spectrum).real
    D, H, W = (n - k + 1 for n, k in zip(volume.shape, kernel.shape))
    return everywhere[:D, :H, :W]


# %% wrong: the kernel is flipped
# fails: conv3d-values conv3d-depth
# says: your filter is flipped
def conv3d(volume, kernel):
    return convolve(volume, kernel, mode="valid")


# %% wrong: flipped along the depth only
# fails: conv3d-values conv3d-depth
# says: your filter is flipped
def conv3d(volume, kernel):
    d, h, w = kernel.shape
    D, H, W = volume.shape
    out = np.zeros((D - d + 1, H - h + 1, W - w + 1))
    for i in range(d):
        out += correlate(volume[d - 1 - i : D - i], kernel[i : i + 1], mode="valid")
    return out


# %% wrong: as in conv_volume, the window covers the whole depth
# fails: conv3d-values conv3d-depth
# says: could not be broadcast together
def conv3d(volume, kernel):
    D, H, W = volume.shape
    d, h, w = kernel.shape
    out = np.zeros((H - h + 1, W - w + 1))
    for b in range(H - h + 1):
        for c in range(W - w + 1):
            out[b, c] = np.sum(volume[:, b : b + h, c : c + w] * kernel)
    return out


# %% wrong: width first
# fails: conv3d-values conv3d-depth
# says: the axes are in another order
def conv3d(volume, kernel):
    D, H, W = volume.shape
    d, h, w = kernel.shape
    out = np.zeros((W - w + 1, H - h + 1, D - d + 1))
    for a in range(D - d + 1):
        for b in range(H - h + 1):
            for c in range(W - w + 1):
                out[c, b, a] = np.sum(volume[a : a + d, b : b + h, c : c + w] * kernel)
    return out


# %% wrong: the last place along the depth is left out
# fails: conv3d-values conv3d-depth
# says: One too few: is the last position of the window left out?
def conv3d(volume, kernel):
    d = kernel.shape[0]
    frames = []
    for a in range(volume.shape[0] - d):
        frame = 0
        for i in range(d):
            frame = frame + conv2d(volume[a + i], kernel[i])
        frames.append(frame)
    return np.array(frames).reshape(
        volume.shape[0] - d, volume.shape[1] - kernel.shape[1] + 1, volume.shape[2] - kernel.shape[2] + 1
    )


# %% wrong: the kernel is taken for a cube
# fails: conv3d-values conv3d-depth
# says: wrong shape: yours is (2, 0, 1), expected (2, 1, 2)
def conv3d(volume, kernel):
    k = kernel.shape[0]
    D, H, W = volume.shape
    out = np.zeros((D - k + 1, H - k + 1, W - k + 1))
    for a in range(D - k + 1):
        for b in range(H - k + 1):
            for c in range(W - k + 1):
                out[a, b, c] = np.sum(volume[a : a + k, b : b + k, c : c + k] * kernel)
    return out


# %% wrong: = where += is meant, so that only the last layer of the kernel counts
# fails: conv3d-values conv3d-depth
# says: only the last layer of the kernel counts
def conv3d(volume, kernel):
    d = len(kernel)
    layers = []
    for a in range(len(volume) - d + 1):
        for i in range(d):
            layer = conv2d(volume[a + i], kernel[i])
        layers.append(layer)
    return np.array(layers)


# %% wrong: the window is multiplied in place and spoils the volume
# fails: conv3d-values conv3d-depth
# says: your function modified its input
def conv3d(volume, kernel):
    d, h, w = kernel.shape
    D, H, W = volume.shape
    out = np.zeros((D - d + 1, H - h + 1, W - w + 1))
    for a, b, c in np.ndindex(out.shape):
        window = volume[a : a + d, b : b + h, c : c + w]
        window *= kernel
        out[a, b, c] = window.sum()
    return out


# %% wrong: differences of neighbouring frames, as in the example
# fails: conv3d-values conv3d-depth
# says: conv3d along the last axis, weights (-1, 1): wrong shape
def conv3d(volume, kernel):
    return volume[1:] * kernel[-1] + volume[:-1] * kernel[0]


# %% wrong: an array of integers for the result
# fails: conv3d-values conv3d-depth
def conv3d(volume, kernel):
    d, h, w = kernel.shape
    D, H, W = volume.shape
    out = np.full((D - d + 1, H - h + 1, W - w + 1), 0)
    for a, b, c in np.ndindex(out.shape):
        out[a, b, c] = np.sum(volume[a : a + d, b : b + h, c : c + w] * kernel)
    return out
