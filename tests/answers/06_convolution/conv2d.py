"""Answers to `conv2d`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: four loops, one product at a time
def conv2d(image, kernel, stride=1, padding=0):
    H, W = image.shape
    M, N = kernel.shape
    result = np.zeros((output_size(H, M, stride, padding), output_size(W, N, stride, padding)), dtype=image.dtype)
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            for m in range(M):
                for n in range(N):
                    row, column = stride * i + m - padding, stride * j + n - padding
                    if 0 <= row < H and 0 <= column < W:
                        result[i, j] += image[row, column] * kernel[m, n]
    return result


# %% right: all windows at once with einsum, then every stride-th
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    windows = np.lib.stride_tricks.sliding_window_view(framed, kernel.shape)
    return np.einsum("ijmn,mn->ij", windows[::stride, ::stride], kernel)


# %% right: the whole image at once, once for each weight of the kernel
def conv2d(image, kernel, stride=1, padding=0):
    H, W = image.shape
    M, N = kernel.shape
    framed = np.zeros((H + 2 * padding, W + 2 * padding), dtype=image.dtype)
    framed[padding : padding + H, padding : padding + W] = image
    rows, columns = H + 2 * padding - M + 1, W + 2 * padding - N + 1
    result = 0
    for m in range(M):
        for n in range(N):
            result = result + kernel[m, n] * framed[m : m + rows : stride, n : n + columns : stride]
    return result


# %% right: SciPy's correlate2d, then every stride-th
def conv2d(image, kernel, stride=1, padding=0):
    from scipy.signal import correlate2d

    return correlate2d(np.pad(image, padding), kernel, mode="valid")[::stride, ::stride]


# %% right: every window flattened to a row of a matrix
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, ((padding, padding), (padding, padding)), mode="constant")
    (H, W), (M, N) = framed.shape, kernel.shape
    tops, lefts = range(0, H - M + 1, stride), range(0, W - N + 1, stride)
    rows = [framed[top : top + M, left : left + N].flatten() for top in tops for left in lefts]
    return (np.array(rows) @ kernel.flatten()).reshape(len(tops), len(lefts))


# %% right: each output row is a sum of conv1d over the kernel's rows
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    M = kernel.shape[0]
    rows = []
    for top in range(0, framed.shape[0] - M + 1, stride):
        rows.append(sum(np.asarray(conv1d(framed[top + m], kernel[m])) for m in range(M))[::stride])
    return np.array(rows)


# %% wrong: the kernel is flipped
# fails: conv2d-values conv2d-stride-padding
# says: your filter is flipped
def conv2d(image, kernel, stride=1, padding=0):
    from scipy.signal import convolve2d

    return convolve2d(np.pad(image, padding), kernel, mode="valid")[::stride, ::stride]


# %% wrong: i runs along the width and j along the height
# fails: conv2d-values conv2d-stride-padding
# says: transposed
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    H, W = framed.shape
    M, N = kernel.shape
    result = np.zeros(((W - N) // stride + 1, (H - M) // stride + 1), dtype=image.dtype)
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            result[i, j] = np.sum(framed[j * stride : j * stride + M, i * stride : i * stride + N] * kernel)
    return result


# %% wrong: height and width swapped, which only a square image forgives
# fails: conv2d-values conv2d-stride-padding
# says: height and width are swapped
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    W, H = framed.shape
    M, N = kernel.shape
    result = np.zeros(((H - M) // stride + 1, (W - N) // stride + 1), dtype=image.dtype)
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            window = framed[i * stride : i * stride + M, j * stride : j * stride + N]
            result[i, j] = np.sum(window * kernel)
    return result


# %% wrong: height and width swapped, one product at a time
# fails: conv2d-values conv2d-stride-padding
# says: index 2 is out of bounds
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    W, H = framed.shape
    M, N = kernel.shape
    result = np.zeros(((H - M) // stride + 1, (W - N) // stride + 1), dtype=image.dtype)
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            for m in range(M):
                for n in range(N):
                    result[i, j] += framed[i * stride + m, j * stride + n] * kernel[m, n]
    return result


# %% wrong: height and width swapped where the stride comes in
# fails: conv2d-stride-padding
# says: height and width are swapped
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    windows = np.lib.stride_tricks.sliding_window_view(framed, kernel.shape)
    result = np.einsum("ijmn,mn->ij", windows, kernel)
    if stride == 1:
        return result
    W, H = framed.shape
    kept = np.zeros((output_size(H, kernel.shape[0], stride), output_size(W, kernel.shape[1], stride)))
    for i in range(kept.shape[0]):
        for j in range(kept.shape[1]):
            kept[i, j] = result[stride * i, stride * j]
    return kept


# %% wrong: SciPy's convolve2d for the padding, which flips the kernel
# fails: conv2d-stride-padding
# says: conv2d with padding 1: your filter is flipped
def conv2d(image, kernel, stride=1, padding=0):
    from scipy.signal import convolve2d, correlate2d

    if padding == 0:
        return correlate2d(image, kernel, mode="valid")[::stride, ::stride]
    return convolve2d(image, kernel, mode="full")[::stride, ::stride]


# %% wrong: SciPy's convolve2d for the stride, which flips the kernel
# fails: conv2d-stride-padding
# says: stride 2: your filter is flipped
def conv2d(image, kernel, stride=1, padding=0):
    from scipy.signal import convolve2d, correlate2d

    framed = np.pad(image, padding)
    if stride > 1:
        return convolve2d(framed, kernel, mode="valid")[::stride, ::stride]
    return correlate2d(framed, kernel, mode="valid")


# %% wrong: the window hangs over the edge
# fails: conv2d-values conv2d-stride-padding
# says: could not be broadcast together
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    M, N = kernel.shape
    result = np.zeros(framed.shape)
    for i in range(framed.shape[0]):
        for j in range(framed.shape[1]):
            result[i, j] = np.sum(framed[stride * i : stride * i + M, stride * j : stride * j + N] * kernel)
    return result


# %% wrong: three by three weights, whatever the kernel
# fails: conv2d-values conv2d-stride-padding
# says: out of bounds
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    H, W = framed.shape
    result = np.zeros(((H - 3) // stride + 1, (W - 3) // stride + 1), dtype=image.dtype)
    for i in range(max(result.shape[0], 1)):
        for j in range(max(result.shape[1], 1)):
            for m in range(3):
                for n in range(3):
                    result[i, j] += framed[stride * i + m, stride * j + n] * kernel[m, n]
    return result


# %% wrong: the kernel is taken for square
# fails: conv2d-values conv2d-stride-padding
# says: the kernel is taken for square
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    k = kernel.shape[0]
    rows = (framed.shape[0] - k) // stride + 1
    columns = (framed.shape[1] - k) // stride + 1
    result = np.zeros((rows, columns), dtype=image.dtype)
    for i in range(rows):
        for j in range(columns):
            window = framed[stride * i : stride * i + k, stride * j : stride * j + k]
            result[i, j] = (window * kernel).sum()
    return result


# %% wrong: an array of integers for the result
# fails: conv2d-values conv2d-stride-padding
# says: cut to whole numbers
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    M, N = kernel.shape
    rows = (framed.shape[0] - M) // stride + 1
    columns = (framed.shape[1] - N) // stride + 1
    result = np.full((rows, columns), 0)
    for i in range(rows):
        for j in range(columns):
            result[i, j] = np.sum(framed[stride * i : stride * i + M, stride * j : stride * j + N] * kernel)
    return result


# %% wrong: an output as large as the image
# fails: conv2d-values conv2d-stride-padding
# says: yours is as large as the image
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    M, N = kernel.shape
    result = np.zeros_like(image)
    for i in range((framed.shape[0] - M) // stride + 1):
        for j in range((framed.shape[1] - N) // stride + 1):
            result[i, j] = np.sum(framed[stride * i : stride * i + M, stride * j : stride * j + N] * kernel)
    return result


# %% wrong: zeros after the image only, so that the image stands in the corner of its frame
# fails: conv2d-stride-padding
# says: the zeros stand after the image only
def conv2d(image, kernel, stride=1, padding=0):
    H, W = image.shape
    M, N = kernel.shape
    framed = np.zeros((H + 2 * padding, W + 2 * padding), dtype=image.dtype)
    framed[:H, :W] = image
    result = np.zeros(((H + 2 * padding - M) // stride + 1, (W + 2 * padding - N) // stride + 1), dtype=image.dtype)
    for i, j in np.ndindex(result.shape):
        result[i, j] = np.sum(framed[stride * i : stride * i + M, stride * j : stride * j + N] * kernel)
    return result


# %% wrong: one row and one column of zeros, at the end only
# fails: conv2d-stride-padding
# says: there are zeros on one side only
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, (0, padding))
    windows = np.lib.stride_tricks.sliding_window_view(framed, kernel.shape)[::stride, ::stride]
    return np.sum(windows * kernel, axis=(2, 3))


# %% wrong: padding forgotten
# fails: conv2d-stride-padding
# says: the padding is left out
def conv2d(image, kernel, stride=1, padding=0):
    M, N = kernel.shape
    H, W = image.shape
    result = np.zeros(((H - M) // stride + 1, (W - N) // stride + 1), dtype=image.dtype)
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            result[i, j] = np.sum(image[stride * i : stride * i + M, stride * j : stride * j + N] * kernel)
    return result


# %% wrong: the stride sets the size of the output but not the place of the window
# fails: conv2d-stride-padding
# says: the window moves by one pixel
def conv2d(image, kernel, stride=1, padding=0):
    H, W = image.shape
    M, N = kernel.shape
    framed = np.pad(image, padding)
    result = np.zeros((output_size(H, M, stride, padding), output_size(W, N, stride, padding)), dtype=image.dtype)
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            result[i, j] = np.sum(framed[i : i + M, j : j + N] * kernel)
    return result


# %% wrong: the stride moves the place in the output, too
# fails: conv2d-stride-padding
# says: the stride moves the window, not the place in the output
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    H, W = framed.shape
    M, N = kernel.shape
    result = np.zeros((H - M + 1, W - N + 1), dtype=image.dtype)
    for i in range(0, H - M + 1, stride):
        for j in range(0, W - N + 1, stride):
            result[i, j] = np.sum(framed[i : i + M, j : j + N] * kernel)
    return result


# %% wrong: the stride is left out altogether
# fails: conv2d-stride-padding
# says: the stride is left out
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    windows = np.lib.stride_tricks.sliding_window_view(framed, kernel.shape)
    return np.sum(windows * kernel, axis=(2, 3))


# %% wrong: the loops stop one window too early
# fails: conv2d-values conv2d-stride-padding
# says: One too few: is the last position of the window left out?
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    H, W = framed.shape
    M, N = kernel.shape
    result = []
    for top in range(0, H - M, stride):
        row = []
        for left in range(0, W - N, stride):
            row.append(np.sum(framed[top : top + M, left : left + N] * kernel))
        result.append(row)
    return np.array(result, dtype=image.dtype)


# %% wrong: a frame of one zero, whatever the padding
# fails: conv2d-stride-padding
def conv2d(image, kernel, stride=1, padding=0):
    if padding > 0:
        image = np.pad(image, 1)
    M, N = kernel.shape
    H, W = image.shape
    result = np.zeros(((H - M) // stride + 1, (W - N) // stride + 1), dtype=image.dtype)
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            result[i, j] = np.sum(image[stride * i : stride * i + M, stride * j : stride * j + N] * kernel)
    return result


# %% wrong: a new array without a dtype makes float64 out of float32
# fails: conv2d-values
# says: float32 came in, float64 went out
def conv2d(image, kernel, stride=1, padding=0):
    framed = np.pad(image, padding)
    M, N = kernel.shape
    result = np.zeros(((framed.shape[0] - M) // stride + 1, (framed.shape[1] - N) // stride + 1))
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            result[i, j] = np.sum(framed[stride * i : stride * i + M, stride * j : stride * j + N] * kernel)
    return result
